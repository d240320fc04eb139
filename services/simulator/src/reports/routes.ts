import type { Hono } from 'hono';
import { requireVersion, type SimulatorContext, type SimulatorEnv } from '../http.ts';
import type { Provider } from '../provider.ts';
import { ProviderError } from '../provider-error.ts';
import { ANALYTICS_BETA, analyticsCost, analyticsUsage } from './analytics.ts';
import { apiKeyList } from './api-key-list.ts';
import { claudeCodeReport } from './claude-code-report.ts';
import { costReport } from './cost-report.ts';
import { usageReport } from './usage-report.ts';
import { workspaceList } from './workspace-list.ts';

/** The organization's reports, computed from what was served, and its keys. Only the admin key opens them. */
export function mountReports(app: Hono<SimulatorEnv>, provider: Provider): void {
  const report = (path: string, pageOf: (c: SimulatorContext) => object) =>
    app.get(`/v1/organizations/${path}`, (c) => {
      requireAdmin(c, provider);
      const cursor = c.req.query('page') ?? null;
      provider.reportFaults.refuse(cursor);
      const body = provider.reportFaults.bodyOf(pageOf(c), cursor);
      return c.body(body, 200, { 'content-type': 'application/json' });
    });
  report('usage_report/messages', (c) => usageReport(provider, parametersOf(c), betasOf(c)));
  report('usage_report/claude_code', (c) => claudeCodeReport(provider, parametersOf(c)));
  report('cost_report', (c) => costReport(provider, parametersOf(c)));
  report('analytics/usage', (c) => {
    requireBeta(c, ANALYTICS_BETA);
    return analyticsUsage(provider, parametersOf(c));
  });
  report('analytics/cost', (c) => {
    requireBeta(c, ANALYTICS_BETA);
    return analyticsCost(provider, parametersOf(c));
  });
  app.get('/v1/organizations/workspaces', (c) => {
    requireAdmin(c, provider);
    return c.json(workspaceList(provider, parametersOf(c)));
  });
  app.get('/v1/organizations/api_keys', (c) => {
    requireAdmin(c, provider);
    return c.json(apiKeyList(provider, parametersOf(c), c.req.header('anthropic-version') ?? ''));
  });
}

/** Answers to the admin key name the organization, but no workspace and no rate limits. */
function requireAdmin(c: SimulatorContext, provider: Provider): void {
  provider.keyring.requireAdminKey(c.req.raw.headers);
  c.header('anthropic-organization-id', provider.organizationId);
  requireVersion(c);
}

function requireBeta(c: SimulatorContext, beta: string): void {
  if (!betasOf(c).includes(beta)) throw new ProviderError('not_found_error', 'Not found');
}

/** Bracketed and repeated parameters stay as they were written. */
function parametersOf(c: SimulatorContext): URLSearchParams {
  return new URL(c.req.url).searchParams;
}

function betasOf(c: SimulatorContext): string[] {
  return (c.req.header('anthropic-beta') ?? '').split(',').map((beta) => beta.trim());
}

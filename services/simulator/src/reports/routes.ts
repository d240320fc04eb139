import type { Hono } from 'hono';
import { requireVersion, type SimulatorContext, type SimulatorEnv } from '../http.ts';
import type { Provider } from '../provider.ts';
import { ProviderError } from '../provider-error.ts';
import { ANALYTICS_BETA, analyticsCost, analyticsUsage } from './analytics.ts';
import { apiKeyList } from './api-key-list.ts';
import { costReport } from './cost-report.ts';
import { usageReport } from './usage-report.ts';
import { workspaceList } from './workspace-list.ts';

/** The organization's reports, computed from what was served, and its keys. Only the admin key opens them. */
export function mountReports(app: Hono<SimulatorEnv>, provider: Provider): void {
  app.get('/v1/organizations/usage_report/messages', (c) => {
    requireAdmin(c, provider);
    return c.json(usageReport(provider, parametersOf(c), betasOf(c)));
  });
  app.get('/v1/organizations/cost_report', (c) => {
    requireAdmin(c, provider);
    return c.json(costReport(provider, parametersOf(c)));
  });
  app.get('/v1/organizations/analytics/usage', (c) => {
    requireAdmin(c, provider);
    requireBeta(c, ANALYTICS_BETA);
    return c.json(analyticsUsage(provider, parametersOf(c)));
  });
  app.get('/v1/organizations/analytics/cost', (c) => {
    requireAdmin(c, provider);
    requireBeta(c, ANALYTICS_BETA);
    return c.json(analyticsCost(provider, parametersOf(c)));
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

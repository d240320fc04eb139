import { answerRemoteCall } from '@tallygate/remote';
import {
  balanceSchema,
  type Clock,
  isoFromMs,
  type Logger,
  silentLogger,
  spendRowSchema,
  storedReportSchema,
  TallygateError,
} from '@tallygate/usage';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { TallygateRuntime } from 'tallygate';
import { bearerOnly, readable } from './access.ts';
import { answerJson, errorAnswers, routeUnknown } from './answers.ts';
import { loadOverview } from './console/overview-facts.ts';
import { overviewPage } from './console/overview-page.ts';
import { CONTENT_SECURITY_POLICY } from './console/style.ts';
import { readinessOf } from './readiness.ts';
import { parseSpendRequest } from './spend-request.ts';

export interface ControlPlaneOptions {
  runtime: TallygateRuntime;
  clock: Clock;
  logger?: Logger;
  /** Needed for every write. Default: the one of the runtime's data directory; null: nothing can be written. */
  token?: string | null;
  /** True where only this machine can connect: then reading needs no token. Default true. */
  isLoopback?: boolean;
}

/** A sealed segment is about 1 MiB of spool. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;

/**
 * The HTTP face of a runtime. Reading: the overview page, spend, budgets, the last reconciliation. Writing: only the routes
 * of `@tallygate/remote`, by which other processes use this gate and ledger.
 */
export function createControlPlane(options: ControlPlaneOptions): { app: Hono } {
  const { runtime, clock, logger = silentLogger, isLoopback = true } = options;
  const token = options.token ?? runtime.token;
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    for (const [name, value] of SECURITY_HEADERS) context.header(name, value);
  });
  app.onError(errorAnswers(logger));
  app.notFound(routeUnknown);

  app.get('/healthz', (context) => answerJson(context, { status: 'ok' }));
  app.get('/readyz', async (context) => {
    const { ready, ...parts } = await readinessOf(runtime);
    return answerJson(context, { status: ready ? 'ready' : 'not ready', ...parts }, ready ? 200 : 503);
  });

  const read = readable(token, isLoopback);
  app.get('/', read, async (context) => context.html(overviewPage(await loadOverview(runtime, clock))));
  app.get('/v1/spend', read, async (context) => {
    const request = parseSpendRequest(context.req.query(), clock.nowMs());
    return answerJson(context, await spendAnswer(runtime, request));
  });
  app.get('/v1/budgets', read, async (context) => answerJson(context, await budgetsAnswer(runtime, clock)));
  app.get('/v1/reconciliation', read, async (context) => {
    const report = await runtime.remoteBackend.history.lastReport(runtime.organization);
    return answerJson(context, { report: report === null ? null : storedReportSchema.encode(report) });
  });

  const guard = [bearerOnly(token), bodyLimit({ maxSize: BODY_BYTES_MAX, onError: bodyTooLarge })] as const;
  app.post('/v1/*', ...guard, async (context) => {
    const body: unknown = await context.req.json().catch(notJson);
    const answer = await answerRemoteCall(runtime.remoteBackend, context.req.path, body, logger);
    return answerJson(context, answer.body, answer.status);
  });
  return { app };
}

const SECURITY_HEADERS = [
  ['content-security-policy', CONTENT_SECURITY_POLICY],
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['cache-control', 'no-store'],
] as const;

async function spendAnswer(
  { remoteBackend, organization }: TallygateRuntime,
  { groupBy, fromMs, toMs }: ReturnType<typeof parseSpendRequest>,
) {
  const rows = await remoteBackend.history.spend({ organization, fromMs, toMs, by: 'ended', groupBy });
  const range = { from: isoFromMs(fromMs), to: isoFromMs(toMs) };
  return { organization, ...range, groupBy, rows: rows.map((row) => spendRowSchema.encode(row)) };
}

async function budgetsAnswer({ gate, organization }: TallygateRuntime, clock: Clock) {
  const balances = await gate.balances();
  return {
    organization,
    at: isoFromMs(clock.nowMs()),
    budgets: balances.map((balance) => ({
      ...balanceSchema.encode(balance),
      availableNanoUsd: balance.budget.limitNanoUsd - balance.spentNanoUsd - balance.heldNanoUsd,
    })),
  };
}

function notJson(): never {
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', { message: 'The body is not JSON.' });
}

function bodyTooLarge(): never {
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `The body is larger than ${BODY_BYTES_MAX} bytes.`,
  });
}

import { Hono } from 'hono';
import type { BilledFee } from './billing/book.ts';
import type { BilledUse } from './billing/charge.ts';
import { usdFrom } from './billing/decimal.ts';
import type { SimulatorEnv } from './http.ts';
import { mountMessages } from './messages/routes.ts';
import { resolveOptions, type SimulatorOptions } from './options.ts';
import { createProvider, type Provider } from './provider.ts';
import { errorEnvelope, errorHeaders, ProviderError } from './provider-error.ts';
import type { ReportFault } from './reports/report-faults.ts';
import { mountReports } from './reports/routes.ts';
import type { ServedSummary } from './tally.ts';

export interface Simulator {
  /** Serves `app.fetch` and `app.request`; `startSimulator` puts it on a port. */
  app: Hono<SimulatorEnv>;
  served(): ServedSummary;
  /** Resolves once nothing is being generated. A bill read after it is complete, also for callers that left. */
  idle(): Promise<void>;
  /**
   * Puts on the bill what nobody called for here: a history, or what no meter ever saw. The key need not be one of the listed.
   * @throws Error for a model without a price on that day.
   */
  bill(use: BilledUse): void;
  billFee(fee: BilledFee): void;
  /** For each `cause` that was named to `bill` and `billFee`: what that comes to, in USD at list price. */
  billedCauses(): BilledCause[];
  /** The next pages of the reports that can show these faults, show them, in this order. @returns those still waiting. */
  breakReports(...faults: ReportFault[]): readonly ReportFault[];
  /** As in the header `anthropic-organization-id`. */
  organizationId: string;
  /** As in `anthropic-workspace-id` for keys of the default workspace, which reports call null. */
  defaultWorkspaceId: string;
}

export interface BilledCause {
  cause: string;
  usd: string;
}

/**
 * One organization of the provider in memory: its Messages API, its reports, its bill.
 * @throws RangeError for an option that cannot be meant.
 */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const provider = createProvider(resolveOptions(options));
  const app = new Hono<SimulatorEnv>();
  observeRequests(app, provider);
  mountMessages(app, provider);
  mountReports(app, provider);
  answerErrors(app, provider);
  return {
    app,
    served: () => summaryOf(provider),
    idle: () => provider.tally.idle(),
    bill: (use) => void provider.book.record(use),
    billFee: (fee) => void provider.book.recordFee(fee),
    billedCauses: () =>
      [...provider.book.causes()].map(([cause, picoUsd]) => ({ cause, usd: usdFrom(picoUsd) })),
    breakReports(...faults) {
      provider.reportFaults.add(faults);
      return provider.reportFaults.waiting();
    },
    organizationId: provider.organizationId,
    defaultWorkspaceId: provider.defaultWorkspaceId,
  };
}

/** Gives every answer its request id, and writes one record about it. */
function observeRequests(app: Hono<SimulatorEnv>, provider: Provider): void {
  app.use(async (c, next) => {
    const requestId = provider.newId('req');
    c.set('requestId', requestId);
    c.header('request-id', requestId);
    await next();
    // Without the query: it may hold more than a log should.
    const { method, path } = c.req;
    provider.options.log({ event: 'answered', requestId, method, path, status: c.res.status });
  });
}

function answerErrors(app: Hono<SimulatorEnv>, provider: Provider): void {
  app.notFound((c) => {
    const error = new ProviderError('not_found_error', 'Not found');
    return c.json(errorEnvelope(error, c.get('requestId')), 404, errorHeaders(error));
  });
  app.onError((thrown, c) => {
    if (!(thrown instanceof ProviderError)) {
      // The kind of failure only: its message may quote what it was given.
      provider.options.log({ event: 'failed', requestId: c.get('requestId'), failure: thrown.name });
    }
    const error =
      thrown instanceof ProviderError ? thrown : new ProviderError('api_error', 'Internal server error');
    const headers = { 'content-type': 'application/json', ...errorHeaders(error) };
    // As a whole response: 529 is no status that the framework's own types know.
    const init = new Response(null, { status: error.status, headers });
    return c.body(JSON.stringify(errorEnvelope(error, c.get('requestId'))), init);
  });
}

function summaryOf(provider: Provider): ServedSummary {
  return {
    ...provider.tally.read(),
    billedAttempts: provider.book.billedAttempts(),
    billedUsd: usdFrom(provider.book.billedPicoUsd()),
    listUsd: usdFrom(provider.book.listPicoUsd()),
  };
}

import { type ServerType, serve } from '@hono/node-server';
import { builtinPriceBook, parsePriceBook } from '@tallygate/pricing';
import { isoFromMs, systemClock, TallygateError } from '@tallygate/usage';
import {
  keepPulls,
  openProviders,
  openTallygate,
  pullDueDays,
  type Reconciliation,
  runReconciliation,
  type TallygateRuntime,
} from 'tallygate';
import { costRanges } from './cost-ranges.ts';
import type { Coverage } from './coverage.ts';
import { type ReconcilerSettings, settingsFromEnvironment } from './env.ts';
import { jsonLog } from './json-log.ts';
import { createReconcilerService } from './reconciler-service.ts';
import { worstOf } from './worst-of.ts';

/**
 * Composition root: ledger and prices from `openTallygate`, the provider's reports by the admin key, health on the loopback.
 * JSON lines on stderr. Ends with 0 on SIGINT or SIGTERM, else with the exit code of the error that kept it from starting.
 */
const clock = systemClock;
const logger = jsonLog((line) => void process.stderr.write(line), clock);

async function run(): Promise<void> {
  const settings = settingsFromEnvironment(process.env);
  const providers = openProviders({ logger });
  const runtime = await openTallygate({ logger, clock });
  try {
    await serveUntilStopped(settings, providers, runtime);
  } finally {
    await runtime.close();
  }
}

type Providers = ReturnType<typeof openProviders>;

async function serveUntilStopped(
  settings: ReconcilerSettings,
  providers: Providers,
  runtime: TallygateRuntime,
): Promise<void> {
  const history = requireHistory(runtime);
  const service = createReconcilerService({
    run: createRun(providers, runtime, history),
    pullDue: createPullDue(providers, runtime, history),
    costsDue: createCostsDue(providers, runtime, history),
    lastReportMs: () => waitingSince(providers, runtime.organization, history),
    clock,
    logger,
    intervalMs: settings.intervalMs,
  });
  const address = { port: settings.port, hostname: '127.0.0.1' };
  const server = serve({ fetch: service.app.fetch, ...address }, ({ port }) =>
    logger.info('serving', { url: `http://127.0.0.1:${port}/health` }),
  );
  try {
    await Promise.all([untilStopped(server), service.start()]);
  } finally {
    server.close();
    await service.stop();
  }
}

/** Rejects when the port cannot be had: without health nobody would learn that nothing is reconciled. */
function untilStopped(server: ServerType): Promise<void> {
  return new Promise((resolve, reject) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
    server.once('error', reject);
  });
}

type History = NonNullable<TallygateRuntime['history']>;

/** When the organization of the provider that waits longest was reconciled; null where one never was. @param days exactly those; left out: any. */
async function waitingSince(
  { providers }: Providers,
  organization: string,
  history: History,
  days?: Coverage,
): Promise<number | null> {
  const reports = await history.lastReports(organization, days);
  const created = providers.map(({ organizationId }) => {
    const own = reports.find((report) => report.providerOrganizationId === (organizationId ?? ''));
    return own?.createdAtMs ?? null;
  });
  return created.reduce((first, one) => (first === null || one === null ? null : Math.min(first, one)));
}

function createCostsDue(providers: Providers, { organization }: TallygateRuntime, history: History) {
  return async () => {
    const due: Coverage[] = [];
    for (const { sinceMs, ...days } of costRanges(clock.nowMs())) {
      const lastMs = await waitingSince(providers, organization, history, days);
      if (lastMs === null || lastMs < sinceMs) due.push(days);
    }
    return due;
  };
}

/** One organization of the provider after the other: their limit on requests may be one. */
function createRun({ providers, pseudonymKey }: Providers, runtime: TallygateRuntime, history: History) {
  const { organization } = runtime;
  return async (coverage: Coverage) => {
    // Prices are published, not deployed: each run takes the book that is in force now.
    const { priceBook, unpricedModels, finance } = await runtime.gate.configuration();
    const results: Reconciliation[] = [];
    for (const provider of providers) {
      const hooks = keepPulls({ organization, versions: history.reportVersions, pseudonymKey, clock });
      const result = await runReconciliation({
        ...{ organization, ...coverage, unpricedModels, clock },
        toleranceUsd: finance?.toleranceUsd,
        history: provider.historyOf(history),
        adminApi: provider.open(hooks),
        priceBook: priceBook === null ? builtinPriceBook : parsePriceBook(priceBook),
      });
      results.push(result);
    }
    return worstOf(results);
  };
}

function createPullDue({ providers, pseudonymKey }: Providers, runtime: TallygateRuntime, history: History) {
  const { organization } = runtime;
  return async (mayGoOn: () => boolean) => {
    let left = 0;
    for (const { open, organizationId } of providers)
      left += await pullDueDays({
        ...{ organization, organizationId, versions: history.reportVersions, pseudonymKey, clock },
        ...{ mayGoOn, open },
        onDay: ({ dayMs, left: days }) =>
          logger.info('pulled again', { organizationId, day: isoFromMs(dayMs).slice(0, 10), left: days }),
      });
    return left;
  };
}

function requireHistory({ history }: TallygateRuntime): History {
  if (history !== null) return history;
  throw new TallygateError('TALLYGATE_ENGINE_MISSING', { message: 'There is no ledger to reconcile from.' });
}

function fail(error: unknown): void {
  logger.error('ended', { reason: reasonOf(error) });
  process.exitCode = TallygateError.isInstance(error) ? error.exitCode : 1;
}

/** Of an error that is not ours only its kind ("EADDRINUSE"): its message may quote what it was given. */
function reasonOf(error: unknown): string {
  if (TallygateError.isInstance(error)) return error.message;
  if (!(error instanceof Error)) return typeof error;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

run().catch(fail);

import { startControlPlane } from '@tallygate/control-plane';
import { livePriceBook } from '@tallygate/pricing';
import {
  type Balance,
  type Clock,
  type Logger,
  type SpendRow,
  silentLogger,
  systemClock,
  utcDaysCovering,
} from '@tallygate/usage';
import {
  createAdminApi,
  openTallygate,
  type Reconciliation,
  runReconciliation,
  type Tallygate,
  type TallygateRuntime,
  tallygate,
} from 'tallygate';
import { demoConfiguration } from './cast.ts';
import type { DemoOptions } from './options.ts';
import { type DemoProvider, openProvider } from './provider.ts';
import { type DemoResult, demoResult } from './result.ts';
import { runTraffic, type TrafficCounts } from './run-traffic.ts';

/** Where the main job tells how far it is. All of it goes to stderr. */
export interface Narrator {
  step(title: string): void;
  progress(done: number, total: number, note: string): void;
}

export interface MainJob {
  result: DemoResult;
  reconciliation: Reconciliation | null;
  /** By team and feature. */
  spend: SpendRow[];
  balances: Balance[];
  close(): Promise<void>;
}

/** The default one, so that `npx tallygate report` beside it needs no flag. */
const ORGANIZATION = 'default';

/**
 * Everything once, as a user would: a provider, the owner with its console, budgets, traffic through the wrapped SDK, the
 * ledger, and the reconciliation with the provider's own reports. Whatever was opened is closed again when a step fails.
 */
export async function runMainJob(
  options: DemoOptions,
  dataDirectory: string,
  environment: Record<string, string | undefined>,
  narrator: Narrator,
): Promise<MainJob> {
  const clock = systemClock;
  const logger = silentLogger;
  const opened: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const closeOne of opened.splice(0).reverse()) await closeOne();
  };
  try {
    narrator.step('starting provider, owner and console');
    const provider = await openProvider(options, environment);
    opened.push(() => provider.close());
    const runtime = await openTallygate({ organization: ORGANIZATION, mode: 'enforce', dataDirectory });
    opened.push(() => runtime.close());
    await runtime.gate.publish(demoConfiguration(await runtime.gate.configuration()));
    const console = await startControlPlane({
      runtime,
      clock,
      logger,
      port: options.port,
      host: '127.0.0.1',
    });
    opened.push(() => console.close());

    await firstMinuteOfDayOver(clock, narrator);
    narrator.step(`sending ${provider.plan.length} calls from four teams`);
    const startedMs = clock.nowMs();
    const { counts, eventsRecorded } = await meteredTraffic(provider, runtime, dataDirectory, narrator);

    narrator.step('reconciling with the provider’s reports');
    await provider.idle();
    const range = daysOf(startedMs, clock.nowMs());
    const reconciliation = await reconciled(provider, runtime, range, clock, logger);
    const facts = await ledgerFacts(runtime, range);
    const { controlUsd } = provider;
    const result = demoResult({
      ...facts,
      counts,
      eventsRecorded,
      reconciliation,
      controlUsd,
      consoleUrl: console.url,
    });
    return { result, reconciliation, spend: facts.spend, balances: facts.balances, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const MINUTE_MS = 60_000;

/** The minute before the day's first is on another day, where no evidence is sought: streams left then stay unexplained. */
async function firstMinuteOfDayOver(clock: Clock, narrator: Narrator): Promise<void> {
  const [day] = utcDaysCovering(clock.nowMs(), clock.nowMs() + 1);
  const remainingMs = (day?.startMs ?? 0) + MINUTE_MS - clock.nowMs();
  if (remainingMs <= 0) return;
  narrator.step('waiting for the first minute of the day (UTC) to end');
  await new Promise((resolve) => setTimeout(resolve, remainingMs));
}

/** Each key's application wraps its own client; all of them share the one gate and spool of this process. */
async function meteredTraffic(
  provider: DemoProvider,
  runtime: TallygateRuntime,
  dataDirectory: string,
  narrator: Narrator,
): Promise<{ counts: TrafficCounts; eventsRecorded: number }> {
  const tallies = new Map<string, Tallygate>();
  const clients = new Map<string, ReturnType<DemoProvider['clientOf']>>();
  const clientOf: DemoProvider['clientOf'] = (call) => {
    let client = clients.get(call.apiKeyId);
    if (client) return client;
    const apiKeyId = call.apiKeyId === 'live' ? null : call.apiKeyId;
    const tally = tallygate({
      organization: ORGANIZATION,
      mode: 'enforce',
      dataDirectory,
      apiKeyId,
      environment: 'production',
    });
    tallies.set(call.apiKeyId, tally);
    client = tally.wrap(provider.clientOf(call));
    clients.set(call.apiKeyId, client);
    return client;
  };
  const note = ({ streamed, denied, aborted }: TrafficCounts) =>
    `${streamed} streamed · ${denied} denied · ${aborted} aborted`;
  const counts = await runTraffic(provider.plan, clientOf, (done, total, sofar) =>
    narrator.progress(done, total, note(sofar)),
  );
  await Promise.all([...tallies.values()].map((tally) => tally.close()));
  await runtime.sink.flush();
  return { counts, eventsRecorded: runtime.sink.recordedEvents };
}

async function reconciled(
  provider: DemoProvider,
  { history, organization, gate }: TallygateRuntime,
  range: { fromMs: number; toMs: number },
  clock: Clock,
  logger: Logger,
): Promise<Reconciliation | null> {
  if (provider.reports === null || history === null) return null;
  const { baseUrl, adminKey, timing } = provider.reports;
  const adminApi = createAdminApi({ apiKey: adminKey, ...(baseUrl === null ? {} : { baseUrl }), logger });
  const { priceBook, unpricedModels } = await gate.configuration();
  const prices = { priceBook: livePriceBook(priceBook), unpricedModels };
  return runReconciliation({ history, adminApi, organization, ...prices, ...timing, ...range, clock });
}

async function ledgerFacts(
  { history, organization, gate }: TallygateRuntime,
  range: { fromMs: number; toMs: number },
) {
  if (history === null) throw new Error('The demonstration needs the embedded engine: npm install chdb');
  const [[total], spend, ledger, balances] = await Promise.all([
    history.spend({ organization, ...range, by: 'ended', groupBy: [] }),
    history.spend({ organization, ...range, by: 'ended', groupBy: ['team', 'feature'] }),
    history.counts({ organization, ...range }),
    gate.balances(),
  ]);
  return { total, spend, ledger, balances };
}

/** The whole UTC days that the run touched: usually today, and yesterday too when it ran over midnight. */
function daysOf(fromMs: number, toMs: number): { fromMs: number; toMs: number } {
  const days = utcDaysCovering(fromMs, toMs + 1);
  return { fromMs: days[0]?.startMs ?? fromMs, toMs: days.at(-1)?.endMs ?? toMs };
}

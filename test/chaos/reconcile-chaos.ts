import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAdminApi } from '@tallygate/admin-api';
import type { UsageStore } from '@tallygate/ledger';
import { builtinPriceBook } from '@tallygate/pricing';
import { DEFAULT_ADMIN_KEY, type RunningSimulator, startSimulator } from '@tallygate/simulator';
import { type Clock, usdFromPico } from '@tallygate/usage';
import { runReconciliation } from 'tallygate';
import { createRandom } from './random.ts';
import { type Amount, addTo, amountsOf, picoFromUsd, type Sums } from './reconcile-amounts.ts';
import { injectedFees, injectedOccurrences, type Occurrence } from './reconcile-causes.ts';
import { recordMonth } from './reconcile-ledger.ts';
import { createMonth, DAY_MS, KEYS, MINUTE_MS, type Month, type MonthScale } from './reconcile-month.ts';
import { billedUse, exactPicoUsd, meteredEvent, ORGANIZATION } from './reconcile-sides.ts';

export interface ReconcileChaosOptions {
  seed: number;
  scale?: MonthScale;
  progress(text: string): void;
}

export interface ReconcileChaosResult {
  injected: Amount[];
  found: Amount[];
  residualUsd: string;
  /** What is billed and nothing covers. */
  controlUsd: string;
  /** Percent of the list amount of the bill that is not on keys, workspaces, models or hours without a meter. */
  coverage: string;
}

/** October: a price falls in it, and none of its models is new. */
const OCTOBER: MonthScale = { fromMs: Date.UTC(2026, 9, 1), days: 30, calls: 200_000 };
const CONTROL_USD = '0.010000000';
const DISCOUNT_PERCENT = 7;
/**
 * The month has just ended. The analytics reports, which alone state list amounts and keys, have come to the day before; of the last
 * day, on which the contract takes nothing off any more, only the older reports know, and not yet of its last minutes.
 */
const READ_AFTER_MS = 2 * MINUTE_MS;
const REPORT_LAG_MS = 5 * MINUTE_MS;
const LAGS = { reportLagMs: REPORT_LAG_MS, analyticsLagMs: DAY_MS };

/** A month of calls in a real ledger and on a provider's bill, which part in every way that a reconciliation has a name for. */
export async function reconcileChaos({ seed, scale = OCTOBER, progress }: ReconcileChaosOptions) {
  const directory = mkdtempSync(join(tmpdir(), 'tallygate-chaos-'));
  const month = createMonth(scale, createRandom(seed));
  let nowMs = month.fromMs;
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => performance.now() };
  const provider = await startSimulator({
    ...{ nowMs: clock.nowMs, extraBilledUsd: CONTROL_USD, discountPercent: DISCOUNT_PERCENT, ...LAGS },
    discountUntil: new Date(month.toMs - DAY_MS).toISOString().slice(0, 10),
    apiKeys: KEYS.map(({ id, secret, workspaceId }) => ({ id, key: secret, workspaceId })),
  });
  let store: UsageStore | null = null;
  try {
    const { numbered, sums, faults } = billedMonth(provider, month);
    nowMs = month.toMs + READ_AFTER_MS;
    const events = meteredMonth(month, numbered, provider.simulator.defaultWorkspaceId, sums);
    store = await recordMonth(directory, clock, events, (count) =>
      progress(`recording ${count} of ${numbered.length}`),
    );
    const found = await reconciled(store, provider, month, clock, progress);
    return { faults, reconciliation: found, ...judged(sums, found) };
  } finally {
    await Promise.all([store?.close(), provider.close()]);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Puts all that happened on the bill. What is left to record comes in the order of its numbers. */
function billedMonth({ simulator }: RunningSimulator, month: Month) {
  const regular = Array.from({ length: month.calls }, () => agreed(month));
  const endOf = ({ ours, theirs }: Occurrence) => ours?.endedMs ?? theirs?.endedMs ?? 0;
  const inTime = (left: Occurrence, right: Occurrence) => endOf(left) - endOf(right);
  // What nothing covers comes with the first: an ordinary one, on a day of which every line is known by key.
  const occurrences = [...regular.sort(inTime), ...injectedOccurrences(month)];
  const [sums, faults]: [Sums, Record<string, number>] = [new Map(), {}];
  const isInSums = ({ cause, theirs }: Occurrence) =>
    cause !== 'provisional' && (theirs?.endedMs ?? month.fromMs) >= month.fromMs;
  for (const occurrence of occurrences) {
    const { cause, theirs } = occurrence;
    if (theirs !== null && isInSums(occurrence))
      simulator.bill(cause === null ? theirs : { ...theirs, cause });
    if (cause !== null) faults[cause] = (faults[cause] ?? 0) + 1;
  }
  for (const fee of injectedFees(month)) simulator.billFee(fee);
  for (const { cause, usd } of simulator.billedCauses()) addTo(sums, cause, picoFromUsd(usd));
  const { billedUsd, listUsd } = simulator.served();
  addTo(sums, 'discount', picoFromUsd(billedUsd) - picoFromUsd(listUsd));
  // Billed too, and in no sum: nothing of it is shown yet, or it is on a day before the month.
  for (const occurrence of occurrences)
    if (occurrence.theirs !== null && !isInSums(occurrence)) simulator.bill(occurrence.theirs);
  const numbered = occurrences.filter(({ ours, isLost }) => ours !== null || isLost).sort(inTime);
  return { numbered, sums, faults };
}

/** Our rows, and in the sums what they hold under each cause. One at a time: two hundred thousand of them are too many to keep. */
function* meteredMonth(
  { fromMs }: Month,
  numbered: readonly Occurrence[],
  defaultWorkspaceId: string,
  sums: Sums,
) {
  for (const { cause, ours } of numbered) {
    const event = ours === null ? null : meteredEvent(ours, defaultWorkspaceId);
    yield event;
    if (event === null || event.endedAtMs < fromMs) continue;
    for (const { roundingPicoUsd } of event.lines)
      if (roundingPicoUsd !== 0) addTo(sums, 'rounding', BigInt(roundingPicoUsd));
    if (cause !== null) addTo(sums, cause, -exactPicoUsd(event));
  }
}

/** Both sides know it, if not at once. */
function agreed(month: Month): Occurrence {
  const call = month.regularCall();
  const isUnseen = call.endedMs - (call.endedMs % MINUTE_MS) > month.toMs + READ_AFTER_MS - REPORT_LAG_MS;
  return { cause: isUnseen ? 'provisional' : null, ours: call, theirs: billedUse(call) };
}

function reconciled(
  store: UsageStore,
  { url }: RunningSimulator,
  { fromMs, toMs }: Month,
  clock: Clock,
  progress: (text: string) => void,
) {
  return runReconciliation({
    history: store,
    adminApi: createAdminApi({ apiKey: DEFAULT_ADMIN_KEY, baseUrl: url }),
    ...{ organization: ORGANIZATION, fromMs, toMs, priceBook: builtinPriceBook, clock },
    onProgress: (step) => progress(step.replaceAll('_', ' ')),
  });
}

function judged(sums: Sums, found: Awaited<ReturnType<typeof reconciled>>) {
  const foundSums: Sums = new Map();
  for (const { cause, amountPicoUsd } of found.causes) addTo(foundSums, cause, amountPicoUsd);
  const listPicoUsd = found.billedPicoUsd - (foundSums.get('discount') ?? 0n);
  const darkPicoUsd = [...foundSums].reduce(
    (sum, [cause, picoUsd]) => (cause.startsWith('unmetered_') ? sum + picoUsd : sum),
    0n,
  );
  const seen = ((listPicoUsd - darkPicoUsd) * 10_000n) / listPicoUsd;
  const result: ReconcileChaosResult = {
    injected: amountsOf(sums),
    found: amountsOf(foundSums),
    residualUsd: usdFromPico(found.residualPicoUsd),
    controlUsd: CONTROL_USD,
    coverage: `${seen / 100n}.${String(seen % 100n).padStart(2, '0')}`,
  };
  const isSound =
    JSON.stringify(result.injected) === JSON.stringify(result.found) &&
    found.residualPicoUsd === picoFromUsd(CONTROL_USD);
  return { result, isSound };
}

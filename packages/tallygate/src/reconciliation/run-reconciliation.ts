import type { PriceBook } from '@tallygate/pricing';
import {
  type Caveat,
  CHARGE_GROUPS,
  createDayComparison,
  type DifferingDay,
  type FindingListener,
  INTERNAL_GROUPS,
  PLACE_GROUPS,
  type RangeTerms,
  type Reconciliation,
  reconcile,
  type Suspects,
  suspectsOf,
} from '@tallygate/reconcile';
import {
  type Clock,
  isoFromMs,
  nanoFromUsd,
  newReportId,
  PICO_USD_PER_NANO_USD,
  type SettlementGap,
  type SpendHistory,
  type SpendRow,
  TallygateError,
  type UnpricedPolicy,
} from '@tallygate/usage';
import { driftCaveats } from '../pulls/index.ts';
import { listPrice, modelNameIn } from './list-price.ts';
import { type ApiKeyMatcher, matchApiKeys, needsHint } from './match-api-keys.ts';
import { MARGIN_MS, pullMinutes } from './pull-minutes.ts';
import type { BillingReports } from './pull-provider.ts';
import { readDays } from './read-days.ts';
import { toStoredBody } from './stored-reconciliation.ts';

export interface ReconciliationRun {
  history: SpendHistory;
  adminApi: BillingReports;
  organization: string;
  /** [fromMs, toMs): UTC midnights. A `toMs` in the future means up to the end of today. */
  fromMs: number;
  toMs: number;
  /** The book and the policy that rows were charged by. */
  priceBook: PriceBook;
  unpricedModels?: UnpricedPolicy;
  clock: Clock;
  /** How far from zero the residual may be and still count as explained, as `finance` of the configuration says. Default: not at all. */
  toleranceUsd?: string | undefined;
  /** How long the provider may take to show a request; younger 1-minute buckets prove nothing. Default: 10 minutes. */
  reportDelayMs?: number;
  /** How far our clock may be ahead of the provider's: no bucket is asked for that may not have begun there. Default: 5 s. */
  clockSkewMs?: number;
  onProgress?(step: ReconciliationStep): void;
  /** Told each finding: what is stored keeps the largest. */
  listener?: FindingListener | undefined;
}

/** What begins now. */
export type ReconciliationStep = 'reading_ledger' | 'asking_provider' | 'reading_minutes' | 'storing';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** The provider says "within five minutes, occasionally later". */
const REPORT_DELAY_MS = 10 * MINUTE_MS;
const CLOCK_SKEW_MS = 5_000;

/**
 * Pulls both sides, joins and explains them, and stores the result.
 *
 * Promise: it either stores a reconciliation of complete reports, or rejects and stores nothing: `TALLYGATE_LEDGER_UNAVAILABLE`,
 * `TALLYGATE_KEY_REJECTED`, `TALLYGATE_PROVIDER_UNAVAILABLE`, `TALLYGATE_REPORT_MALFORMED`, `TALLYGATE_REQUEST_INVALID`.
 */
export async function runReconciliation(run: ReconciliationRun): Promise<Reconciliation> {
  const { adminApi, history, organization, onProgress = () => {} } = run;
  const nowMs = run.clock.nowMs();
  const askedAtMs = nowMs - (run.clockSkewMs ?? CLOCK_SKEW_MS);
  const range = requireDays(run, askedAtMs);

  onProgress('reading_ledger');
  const groupBy = [...PLACE_GROUPS];
  const places = await history.spend({ organization, ...range, by: 'ended', groupBy });
  const gaps = await readGaps(run, range);
  const outside = await readOutside(run, range);
  onProgress('asking_provider');
  const { keys, caveats: keyCaveats } = await matchKeys(adminApi, places);
  const terms = {
    gaps,
    outside,
    price: listPrice(run.priceBook, run.unpricedModels ?? 'dearest'),
    modelName: modelNameIn(run.priceBook),
    apiKeyIdOf: keys.idOf,
  };
  const comparison = createDayComparison(terms, places, run.listener);
  const sides = { history, adminApi, organization, ...range, nowMs, placesPerDay: places.length };
  const { caveats, freshness } = await readDays(sides, comparison);
  const compared = comparison.compared();
  const driftedDays = await driftCaveats(() => history.reportVersions, { organization, ...range, nowMs });
  const suspects = suspectsOf(compared);
  onProgress('reading_minutes');
  const knownUntilMs = endOfBucket(MINUTE_MS, askedAtMs);
  const minutes = await pullMinutes({
    history,
    adminApi,
    organization,
    wanted: suspects.minutes,
    hintsOf: keys.hintsOf,
    knownUntilMs,
  });
  const beside = await readBeside(
    run,
    { ...sides, ...terms, places, endMs: endOfBucket(DAY_MS, askedAtMs) },
    suspects,
  );
  const charges = await readCharges(history, organization, suspects.charges);

  const everything = {
    ...terms,
    ...range,
    organization,
    nowMs,
    minutes,
    charges,
    beside,
    reportDelayMs: run.reportDelayMs ?? REPORT_DELAY_MS,
    tolerancePicoUsd: nanoFromUsd(run.toleranceUsd ?? '0') * PICO_USD_PER_NANO_USD,
    caveats: [...caveats, ...keyCaveats, ...gapCaveats(gaps), ...driftedDays],
    freshness,
  };
  const reconciliation = reconcile(everything, compared);
  onProgress('storing');
  await history.saveReport({
    reportId: newReportId(),
    organization,
    providerOrganizationId: '',
    kind: 'reconciliation',
    ...range,
    createdAtMs: nowMs,
    body: toStoredBody(reconciliation),
  });
  return reconciliation;
}

function requireDays(
  { fromMs, toMs }: ReconciliationRun,
  askedAtMs: number,
): { fromMs: number; toMs: number } {
  const untilMs = Math.min(toMs, endOfBucket(DAY_MS, askedAtMs));
  if (fromMs % DAY_MS === 0 && toMs % DAY_MS === 0 && fromMs < untilMs) return { fromMs, toMs: untilMs };
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `The range ${isoFromMs(fromMs)} to ${isoFromMs(toMs)} is not a row of UTC days that have begun.`,
    cure: 'Name whole days in UTC, the first one not in the future.',
  });
}

/** End of the newest bucket that the provider surely knows. */
function endOfBucket(widthMs: number, askedAtMs: number): number {
  return (Math.floor(askedAtMs / widthMs) + 1) * widthMs;
}

/** Batches are counted a day earlier than they are recorded: at an edge of the range, on a day outside of it. */
async function readBeside(
  { history, organization }: ReconciliationRun,
  {
    endMs,
    ...sides
  }: Parameters<typeof readDays>[0] & RangeTerms & { endMs: number; places: readonly SpendRow[] },
  { openBatchDays }: Suspects,
): Promise<DifferingDay[]> {
  const before = openBatchDays.has(sides.fromMs) ? [sides.fromMs - DAY_MS] : [];
  const after = openBatchDays.has(sides.toMs - DAY_MS) && sides.toMs < endMs ? [sides.toMs] : [];
  const differing: DifferingDay[] = [];
  for (const fromMs of [...before, ...after]) {
    const day = { fromMs, toMs: fromMs + DAY_MS };
    const here = await history.spend({ organization, ...day, by: 'ended', groupBy: [...PLACE_GROUPS] });
    // What is used in the range is metered, though no row of it may be on this day.
    const comparison = createDayComparison(sides, [...sides.places, ...here]);
    await readDays({ ...sides, ...day }, comparison);
    differing.push(...comparison.compared().differing);
  }
  return differing;
}

/** With a day around it: a number at the edge has its neighbours outside. */
function readGaps({ history, organization }: ReconciliationRun, range: { fromMs: number; toMs: number }) {
  return history.settlementGaps({ organization, fromMs: range.fromMs - DAY_MS, toMs: range.toMs + DAY_MS });
}

/** As much of the days beside as minutes are read of. */
async function readOutside(
  { history, organization }: ReconciliationRun,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<SpendRow[]> {
  const groupBy = ['day' as const, ...INTERNAL_GROUPS];
  const read = (edgeMs: number) =>
    history.spend({ organization, fromMs: edgeMs, toMs: edgeMs + MARGIN_MS, by: 'ended', groupBy });
  return [...(await read(fromMs - MARGIN_MS)), ...(await read(toMs))];
}

/** The ledger lists no more at once. */
const MOST_GAPS = 1_000;

function gapCaveats(gaps: readonly SettlementGap[]): Caveat[] {
  if (gaps.length < MOST_GAPS) return [];
  const detail = `More than ${MOST_GAPS} gaps in the settlement numbers: usage in later ones is not explained by missing rows.`;
  return [{ caveat: 'many_gaps', detail }];
}

/** By price and outcome, which no rollup has: only the days and models whose sums do not follow from the price list. */
async function readCharges(
  history: SpendHistory,
  organization: string,
  wanted: Suspects['charges'],
): Promise<SpendRow[]> {
  const rows: SpendRow[][] = [];
  for (const { dayMs, responseModels } of wanted) {
    const range = { fromMs: dayMs, toMs: dayMs + DAY_MS, by: 'ended' as const };
    const filter = { responseModel: responseModels };
    rows.push(await history.spend({ organization, ...range, groupBy: ['day', ...CHARGE_GROUPS], filter }));
  }
  return rows.flat();
}

async function matchKeys(
  adminApi: BillingReports,
  places: readonly SpendRow[],
): Promise<{ keys: ApiKeyMatcher; caveats: Caveat[] }> {
  const listed = places.some(needsHint) ? await adminApi.apiKeys() : [];
  const keys = matchApiKeys(places, listed ?? []);
  if (listed === null) {
    const detail = 'The provider does not offer its list of keys: rows that carry only a hint have no key.';
    return { keys, caveats: [{ caveat: 'api_keys_not_offered', detail }] };
  }
  const caveats = keys.unresolvedHints.map((hint) => ({
    caveat: 'key_unresolved' as const,
    detail: `The key ${hint} fits no key of the organization, or more than one.`,
  }));
  return { keys, caveats };
}

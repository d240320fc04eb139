import type { BilledFee, BilledUse } from '@tallygate/simulator';
import {
  type Call,
  CHEAPER,
  DAY_MS,
  dayOf,
  KEYS,
  MINUTE_MS,
  type Month,
  type MonthKey,
  SILENT,
  strangeModelOf,
} from './reconcile-month.ts';
import { billedUse, type Metered } from './reconcile-sides.ts';

/** Something that happened, as each side came to know of it; null: that side never did. */
export interface Occurrence {
  /** Null: nothing is wrong with it. */
  cause: string | null;
  ours: Metered | null;
  /** It was numbered by the gate, and its rows never came. */
  isLost?: true;
  theirs: BilledUse | null;
}

type Sides = Omit<Occurrence, 'cause'>;

/**
 * What is done to the month so that our rows and the bill part, for each cause that a reconciliation knows. Where the true amount
 * cannot be told from our side, the call is alone in its minute of its key and model, and in its day among such calls.
 */
const INJECTIONS: Readonly<Record<string, (month: Month) => Sides | Sides[]>> = {
  /** The stream broke: we charged a guess of what the provider counted. */
  aborted_estimate: (month) => guessed(month.lonelyCall(), 'aborted', month),
  /** The process died: nobody saw an answer. */
  unknown_outcome: (month) => guessed(month.lonelyCall(), 'unknown', month),
  /** Both in one minute: nobody can tell the parts, and the sum is exact. */
  ambiguous(month) {
    const call = month.lonelyCall();
    return [guessed(call, 'aborted', month), guessed({ ...call, output: call.output + 7 }, 'unknown', month)];
  },
  /** Its rows never came; its number is missing. In an hour in which the key has others: else the hour may be dark. */
  missing_rows(month) {
    const silentMs = month.fromMs + SILENT.day * DAY_MS;
    const call = month.lonelyCall((each) => month.isBusy(each) && dayOf(each.endedMs) !== silentMs);
    return { ours: null, isLost: true, theirs: billedUse({ ...call, serviceTier: 'standard' }) };
  },
  /** A key of which no list tells. */
  unmetered_key: (month) =>
    unmetered({ ...billedUse(month.anyCall()), apiKeyId: 'apikey_01HiddenFromLists' }),
  unmetered_workspace: (month) =>
    unmetered({ ...billedUse(month.anyCall()), workspaceId: 'wrkspc_01Elsewhere' }),
  unmetered_model(month) {
    const call = month.anyCall();
    return unmetered(billedUse({ ...call, model: strangeModelOf(call.key), inferenceGeo: 'global' }));
  },
  unmetered_hours: (month) => unmetered(billedUse(month.silentCall())),
  /** Counted on the other side of midnight: a day has more, the other less. At the beginning of the month one side is not in it. */
  bucket_edge(month) {
    const midnightMs = month.fromMs + month.random.between(0, month.days) * DAY_MS;
    const call = { ...month.lonelyCall(isEverPriced, midnightMs - 5_000), serviceTier: 'standard' as const };
    return { ours: call, theirs: { ...billedUse(call), endedMs: midnightMs + 5_000 } };
  },
  /** Worked off before midnight; fetched, and so recorded, after it. At the beginning of the month one side is not in it. */
  batch_timing(month) {
    const midnightMs = month.fromMs + month.random.between(0, month.days) * DAY_MS;
    const call = {
      ...month.lonelyCall(isEverPriced, midnightMs),
      serviceTier: 'batch' as const,
      webSearches: 0,
    };
    const batch = { ...call, startedMs: midnightMs - 40 * MINUTE_MS };
    const theirs = { ...billedUse(batch), endedMs: midnightMs - 20 * MINUTE_MS };
    return { ours: { ...batch, endedMs: midnightMs + 20 * MINUTE_MS }, theirs };
  },
  /** A workspace keeps its calls in the US, and the answer did not say so. */
  geography(month) {
    const call = {
      ...month.lonelyCall(isPlaced),
      serviceTier: 'standard' as const,
      inferenceGeo: 'global' as const,
    };
    return { ours: call, theirs: billedUse({ ...call, inferenceGeo: 'us' }) };
  },
  /** Fast mode, and the answer did not say so. */
  speed(month) {
    const call = { ...month.lonelyCall(isFastModel), serviceTier: 'standard' as const };
    return { ours: call, theirs: { ...billedUse(call), speed: 'fast' } };
  },
  /** A batch, whose results do not say that they are of one. */
  service_tier(month) {
    const call = { ...month.lonelyCall(), serviceTier: 'standard' as const, webSearches: 0 };
    return { ours: call, theirs: billedUse({ ...call, serviceTier: 'batch' }) };
  },
  /** Its answer did not show all of its searches. */
  web_search(month) {
    const call = month.lonelyCall();
    return { ours: call, theirs: billedUse({ ...call, webSearches: call.webSearches + 2 }) };
  },
  /** The application had yesterday's price. */
  price_version(month) {
    const read = month.random.between(1_024, 30_000);
    const call = { ...month.anyCall(), key: KEYS[1] as MonthKey, ...CHEAPER_CALL, cacheRead: read };
    return { ours: { ...call, pricedAtMs: CHEAPER.atMs - 1 }, theirs: billedUse(call) };
  },
  /** A refusal before the first output, which we charged. */
  unbilled_refusal(month) {
    const call = { ...month.lonelyCall(), serviceTier: 'standard' as const, webSearches: 0 };
    return { ours: { ...call, status: 'refused' }, theirs: { ...billedUse(call), isBilled: false } };
  },
  /** The provider comes to know of it late, after this reconciliation. */
  provisional(month) {
    // Of a day whose figures are not final: what final ones do not show is not awaited.
    const isAwaited = ({ endedMs }: Call) => endedMs >= month.toMs - 29 * DAY_MS;
    const call = { ...month.lonelyCall(isAwaited), serviceTier: 'standard' as const };
    return { ours: call, theirs: { ...billedUse(call), shownFromMs: month.toMs + 3 * DAY_MS } };
  },
  /** Capacity that is paid by contract: counted, and not on the bill. */
  priority_tier(month) {
    const call = { ...month.anyCall(), serviceTier: 'priority' as const, webSearches: 0 };
    return { ours: call, theirs: billedUse(call) };
  },
};

const CHEAPER_CALL = {
  ...{ model: CHEAPER.model, startedMs: CHEAPER.atMs + 3 * MINUTE_MS, endedMs: CHEAPER.atMs + 4 * MINUTE_MS },
  inferenceGeo: 'global',
} as const;

/** Places for each, where there is no reason for another number. */
const PLACES = 12;

export function injectedOccurrences(month: Month): Occurrence[] {
  return Object.entries(INJECTIONS).flatMap(([cause, inject]) =>
    Array.from({ length: PLACES }, () => inject(month)).flatMap((sides) =>
      [sides].flat().map((side) => ({ cause, ...side })),
    ),
  );
}

/** Products that no answer shows, one of them new. */
export function injectedFees(month: Month): BilledFee[] {
  const [key] = KEYS;
  const hours = (
    cause: string,
    costType: string,
    description: string,
    picoUsdPerHour: bigint,
  ): BilledFee => ({
    ...{ atMs: month.random.between(month.fromMs, month.toMs - DAY_MS), cause, costType, description },
    ...{ apiKeyId: key?.id ?? null, workspaceId: key?.workspaceId ?? null },
    listPicoUsd: BigInt(month.random.between(5, 600)) * (picoUsdPerHour / 60n),
  });
  return [
    hours('code_execution', 'code_execution', 'Code Execution Usage', 50_000_000_000n),
    hours('session_runtime', 'session_usage', 'Session Runtime', 80_000_000_000n),
    hours('unknown_cost_type', 'dream_usage', 'Dream Usage', 70_000_000_000n),
  ];
}

/** What an application takes a broken answer to have written. */
function guessed(call: Call, status: 'aborted' | 'unknown', { random }: Month): Sides {
  const truth = { ...call, serviceTier: 'standard' as const, webSearches: 0 };
  const output = Math.max(1, call.output + random.between(-500, 500));
  return { ours: { ...truth, output, status }, theirs: billedUse(truth) };
}

function unmetered(theirs: BilledUse): Sides {
  return { ours: null, theirs };
}

/** Models that are offered at fast speed all month. */
const FAST: ReadonlySet<string> = new Set(['claude-opus-4-8', 'claude-opus-5', 'claude-opus-5-5']);

function isFastModel({ model }: Call): boolean {
  return FAST.has(model);
}

function isPlaced({ inferenceGeo }: Call): boolean {
  return inferenceGeo !== 'not_available';
}

/** What has one price on both sides of any midnight. */
function isEverPriced({ model }: Call): boolean {
  return model !== CHEAPER.model;
}

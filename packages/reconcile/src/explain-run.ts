import type { PicoUsd } from '@tallygate/usage';
import type { CauseName, Reason } from './causes.ts';
import type { Findings } from './findings.ts';
import { exactPicoUsd, laneOf, type OurRow, onlyWorkspaceOf, sumPico } from './joined-rows.ts';
import type { Minute } from './minute-runs.ts';
import { DAY_MS, dayOf, FINAL_AFTER_MS, MINUTE_MS } from './places.ts';
import { isReproduced, type Pricing, priceNet } from './price-net.ts';
import type { PriceSum } from './rates.ts';
import type { ReconcileInput } from './reconcile-input.ts';
import type { Evidence, Unexplained } from './reconciliation.ts';
import { requestDifference } from './request-count.ts';
import { byDay, hasSome, isSearchesAlone, netOf, type Run, theirsIn } from './run.ts';
import { isNothing, sumTokens } from './token-counts.ts';

/** What speaks for a cause in a run, beside its own shape. */
export interface RunCauses {
  signs: CauseName[];
  /** The same key and model has usage elsewhere that nothing accounts for. */
  isNeighbourOpen: boolean;
}

interface Circumstances {
  input: ReconcileInput;
  priceSum: PriceSum;
}

interface Judgement {
  cause: CauseName;
  between?: CauseName[];
}

export function explainRun(
  run: Run,
  causes: RunCauses,
  { input, priceSum }: Circumstances,
  findings: Findings,
): void {
  const pricing: Pricing = { price: input.price, priceSum };
  const judgement = judge(run, causes.signs, input);
  const doubt =
    doubtAbout(run, judgement, causes, input) ?? explain(run, judgement, pricing, input, findings);
  if (doubt !== null) findings.doubt({ cause: judgement.cause, reason: doubt, ...placeOf(run) });
}

/** The cause that a run would have, if nothing speaks against it. */
function judge(run: Run, signs: readonly CauseName[], input: ReconcileInput): Judgement {
  if (isNothing(run.net) && run.aborted.length + run.unknown.length === 0) return judgeSlip(run);
  if (isSearchesAlone(run)) return { cause: 'web_search' };
  if (signs.length > 0) return oneOf([...signs, ...run.shiftedTerms]);
  // Usage without a row in a metered hour, and no number is missing: nothing proves that a row was lost.
  if (!hasSome(run.net, (count) => count < 0))
    return { cause: run.isDark ? 'unmetered_hours' : 'missing_rows' };
  return { cause: isAwaited(run, input) ? 'provisional' : 'bucket_edge' };
}

/**
 * Rows of ours with an answer in hand, which the provider's figures may still come to show: they are too recent, or their day is not
 * final and nothing is there that they could be. Batches are left out, which may be counted on days far away.
 */
function isAwaited(run: Run, input: ReconcileInput): boolean {
  if (isFresh(run, input)) return theirsIn(run.minutes).length === 0;
  const reported = run.minutes.flatMap((minute) => minute.reported);
  const isOfBatch = reported.some((row) => laneOf(row.serviceTier) === 'batch');
  const isMore = hasSome(run.net, (count) => count > 0);
  return !isMore && !isOfBatch && input.nowMs < dayOf(run.fromMs) + DAY_MS + FINAL_AFTER_MS;
}

/** The same tokens in the minute beside, and perhaps on other terms. */
function judgeSlip({ minutes, shiftedTerms }: Run): Judgement {
  const isAcrossDays = byDay(minutes).length > 1;
  if (shiftedTerms.length === 0) return { cause: 'bucket_edge' };
  return oneOf(isAcrossDays ? ['bucket_edge', ...shiftedTerms] : shiftedTerms);
}

function oneOf(causes: CauseName[]): Judgement {
  const [first = 'ambiguous', ...more] = causes;
  return more.length === 0 ? { cause: first } : { cause: 'ambiguous', between: causes };
}

const HAS_GUESS: ReadonlySet<CauseName> = new Set(['aborted_estimate', 'unknown_outcome', 'ambiguous']);

function doubtAbout(
  run: Run,
  { cause }: Judgement,
  { signs, isNeighbourOpen }: RunCauses,
  input: ReconcileInput,
): Reason | null {
  if (isFresh(run, input)) return cause === 'provisional' ? null : 'too_fresh';
  if (cause !== 'unmetered_hours' && isAtEdge(run, input)) return 'at_edge';
  if (cause === 'provisional') return isNeighbourOpen ? 'not_reported' : null;
  if (cause === 'bucket_edge') return isNothing(run.net) ? null : 'not_reported';
  if (cause === 'missing_rows' && !signs.includes('missing_rows')) return 'no_row';
  if (hasSome(run.net, (count) => count < 0)) return 'shared_bucket';
  // No usage shown is believable only if nothing lies about that could be it.
  const isUnseen = HAS_GUESS.has(cause) && isNothing(run.net);
  return isUnseen && isNeighbourOpen ? 'not_reported' : null;
}

function isFresh({ toMs, stretch }: Run, { nowMs, reportDelayMs }: ReconcileInput): boolean {
  const shownToMs = Math.min(nowMs - reportDelayMs, stretch.completeToMs ?? Number.POSITIVE_INFINITY);
  return toMs > stretch.toMs || toMs - MINUTE_MS > shownToMs;
}

function isAtEdge({ fromMs, toMs, stretch }: Run, { nowMs }: ReconcileInput): boolean {
  const isOpenEnd = stretch.toMs > nowMs - MINUTE_MS;
  return fromMs === stretch.fromMs || (toMs === stretch.toMs && !isOpenEnd);
}

/** Null: it is explained, and the findings say so. */
function explain(
  run: Run,
  { cause, between }: Judgement,
  pricing: Pricing,
  input: ReconcileInput,
  findings: Findings,
): Reason | null {
  const theirs = theirsIn(run.minutes);
  const days = byDay(run.minutes).map((day) => ({ ...day, netPicoUsd: priceNet(day.minutes, pricing) }));
  if (days.some(({ netPicoUsd }) => netPicoUsd === null)) return 'price_ambiguous';
  // What was trued up comes to what the provider counted, whatever its guessed tokens would.
  const isFounded = ({ minutes, netPicoUsd }: (typeof days)[number]) => {
    const guesses = guessesIn(minutes);
    return chargedFor(guesses) === netPicoUsd || guesses.every((row) => isReproduced(row, theirs, pricing));
  };
  if (!days.every(isFounded)) return 'charge_not_reproduced';
  for (const { dayMs, minutes, netPicoUsd } of days) {
    if (dayMs < input.fromMs || dayMs >= input.toMs) continue;
    const evidence = evidenceOf(run, dayMs, minutes, netPicoUsd ?? 0n);
    // Both sides of midnight are told; a minute's slip within a day changes nothing on any bill.
    if (cause === 'bucket_edge' && days.length === 1) continue;
    findings.explain(cause, evidence, between);
    const ours = minutes.flatMap(({ reported, estimated }) => [...reported, ...estimated]);
    findings.explainRequests(dayMs, requestDifference(theirsIn(minutes), ours));
  }
  return null;
}

/** A guess of ours against what the provider has beyond our reported rows. */
function evidenceOf(
  run: Run,
  dayMs: number,
  minutes: readonly Minute[],
  netPicoUsd: PicoUsd,
): Omit<Evidence, 'amountPicoUsd'> {
  const guesses = guessesIn(minutes);
  return {
    dayMs,
    fromMs: minutes[0]?.atMs ?? run.fromMs,
    toMs: (minutes.at(-1)?.atMs ?? run.fromMs) + MINUTE_MS,
    model: run.model,
    apiKeyId: run.apiKeyId,
    workspaceId: onlyWorkspaceOf(theirsIn(minutes)),
    attempts: attemptsOf(guesses),
    description: null,
    charged: {
      tokens: sumTokens(guesses.map((row) => row.tokens)),
      amountPicoUsd: chargedFor(guesses),
    },
    actual: { tokens: netOf(minutes), amountPicoUsd: netPicoUsd },
  };
}

function guessesIn(minutes: readonly Minute[]): OurRow[] {
  return minutes.flatMap((minute) => minute.estimated);
}

function chargedFor(guesses: readonly OurRow[]): PicoUsd {
  return sumPico(guesses.map(exactPicoUsd));
}

function placeOf(run: Run): Omit<Unexplained, 'cause' | 'reason'> {
  const { fromMs, toMs, model, apiKeyId, aborted, unknown } = run;
  return {
    dayMs: dayOf(fromMs),
    fromMs,
    toMs,
    model,
    apiKeyId,
    attempts: attemptsOf([...aborted, ...unknown]),
  };
}

function attemptsOf(rows: readonly OurRow[]): number {
  return rows.reduce((sum, row) => sum + row.attempts, 0);
}

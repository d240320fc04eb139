import type { SpendRow } from '@tallygate/usage';
import type { CauseName } from './causes.ts';
import { darkCauseOf, isDarkDay } from './dark-spend.ts';
import { groupRows } from './group-rows.ts';
import { laneOf, type OurRow, ourRows, type TheirRow, theirRows } from './joined-rows.ts';
import { type OtherTerms, otherTermsOf } from './other-terms.ts';
import { type OwnPlaces, ownPlacesOf, placeKey, subjectKey } from './own-places.ts';
import { DAY_MS, dayOf, wholeDay } from './places.ts';
import { isChargedOtherwise } from './price-version.ts';
import { createPriceSum, type PriceSum } from './rates.ts';
import type { DayInput } from './reconcile-input.ts';
import type { RequestVerdict, Variance } from './reconciliation.ts';
import { partedByTerms, sumOfLines, type TermsLine, unlikeLines } from './terms.ts';
import { isNothing, TOKEN_CLASSES, type TokenCounts } from './token-counts.ts';
import { type CheapCell, cheapCellsOf } from './unbilled-refusal.ts';
import { createVariances } from './variances.ts';
import { createRequestCount } from './verdicts.ts';

/** One key, model and lane on one day, of which both sides' tokens are not the same. */
export interface DifferingDay {
  dayMs: number;
  apiKeyId: string | null;
  model: string;
  serviceTier: string | null;
  /** theirs − ours, in sum and on each set of terms that differs. */
  difference: TokenCounts;
  lines: readonly TermsLine[];
}

/** What rounding took from the charges of a day. */
export interface RoundedDay {
  dayMs: number;
  attempts: number;
  chargedPicoUsd: bigint;
  roundingPicoUsd: bigint;
}

/**
 * The two sides of every day, as far as days can tell. A month of a large organization has hundreds of thousands of sums; each
 * day is taken apart by itself, and only what somebody must look at again is kept.
 */
export interface ComparedDays {
  own: OwnPlaces;
  priceSum: PriceSum;
  variances: Variance[];
  requests: RequestVerdict;
  internalPicoUsd: bigint;
  rounded: RoundedDay[];
  priority: OurRow[];
  estimated: OurRow[];
  /** Days and models with a charge that does not follow from the price list, as "day model". */
  chargedOtherwise: Set<string>;
  cheap: CheapCell[];
  /** What is dark, by the narrowest report that shows it; none of it is in `differing`. */
  dark: { cause: CauseName; row: TheirRow }[];
  differing: DifferingDay[];
  /** The same tokens on other terms. */
  otherTerms: OtherTerms[];
  /** Both sides of batches. */
  batches: { ours: OurRow[]; theirs: TheirRow[] };
}

type Kept = Omit<ComparedDays, 'variances' | 'requests'>;

export function compareDays(input: DayInput): ComparedDays {
  const rowsByDay = groupRows(input.internal, ({ group }) => Date.parse(group.day ?? ''));
  const kept = nothingKept(ownPlacesOf(rowsByDay, input), createPriceSum(input.price));
  const variances = createVariances(input.modelName);
  const requests = createRequestCount();
  const darkDays: TheirRow[] = [];
  for (const day of daysOf(rowsByDay, input)) {
    for (const row of day.ours) keepOurs(row, kept);
    keepRounding(day, kept);
    variances.add(day);
    requests.add(day);
    kept.cheap.push(...cheapCellsOf(day.theirs, day.costs, input.modelName, kept.priceSum));
    compareDay(day, kept, darkDays);
  }
  settleDarkDays(darkDays, kept, daysOfGaps(input));
  return { ...kept, variances: variances.lines(), requests: requests.verdict() };
}

function nothingKept(own: OwnPlaces, priceSum: PriceSum): Kept {
  return {
    own,
    priceSum,
    internalPicoUsd: 0n,
    rounded: [],
    priority: [],
    estimated: [],
    chargedOtherwise: new Set(),
    cheap: [],
    dark: [],
    differing: [],
    otherTerms: [],
    batches: { ours: [], theirs: [] },
  };
}

/** Everything of one day; what stands in both reports of usage is there twice. */
export interface Day {
  dayMs: number;
  ours: OurRow[];
  theirs: TheirRow[];
  byWorkspace: TheirRow[];
  costs: DayInput['costs'];
}

/** One at a time, so that no more than a day of rows is taken apart at once. */
function* daysOf(rowsByDay: ReadonlyMap<number, SpendRow[]>, input: DayInput): Generator<Day> {
  const usage = groupRows(input.usage, ({ startMs }) => startMs);
  const byWorkspace = groupRows(input.usageByWorkspace, ({ startMs }) => startMs);
  const costs = groupRows(input.costs, ({ startMs }) => startMs);
  const days = new Set([rowsByDay, usage, byWorkspace, costs].flatMap((side) => [...side.keys()]));
  for (const dayMs of [...days].sort((left, right) => left - right)) {
    yield {
      dayMs,
      ours: ourRows(rowsByDay.get(dayMs) ?? [], 'day', input),
      theirs: theirRows(usage.get(dayMs) ?? [], input),
      byWorkspace: theirRows(byWorkspace.get(dayMs) ?? [], input),
      costs: costs.get(dayMs) ?? [],
    };
  }
}

function keepOurs(row: OurRow, kept: Kept): void {
  kept.internalPicoUsd += row.chargedPicoUsd;
  if (row.isEstimated) kept.estimated.push(row);
  const lane = laneOf(row.serviceTier);
  if (lane === 'priority') kept.priority.push(row);
  if (lane === 'batch') kept.batches.ours.push(row);
  if (isChargedOtherwise(row, kept.priceSum)) kept.chargedOtherwise.add(`${row.atMs} ${row.model}`);
}

function keepRounding({ dayMs, ours }: Day, { rounded }: Kept): void {
  const sum = { dayMs, attempts: 0, chargedPicoUsd: 0n, roundingPicoUsd: 0n };
  for (const row of ours) {
    sum.attempts += row.attempts;
    sum.chargedPicoUsd += row.chargedPicoUsd;
    sum.roundingPicoUsd += row.roundingPicoUsd;
  }
  if (sum.roundingPicoUsd !== 0n) rounded.push(sum);
}

function compareDay(day: Day, kept: Kept, darkDays: TheirRow[]): void {
  const theirs = narrowestRows(day, kept.own).filter((row) => isComparable(row, kept, darkDays));
  const guessed = new Set(day.ours.filter((row) => row.isEstimated).map(subjectKey));
  for (const group of groupRows(unlikeLines(theirs, day.ours), placeKey).values()) {
    const { even, uneven } = partedByTerms(group, (line) => guessed.has(subjectKey(line)));
    kept.otherTerms.push(...even.map((lines) => otherTermsOf(lines, wholeDay(day.dayMs))));
    kept.differing.push(...uneven.map((lines) => differingDay(day.dayMs, lines)));
  }
}

/** Not what is dark: nothing of ours is beside it. */
function isComparable(row: TheirRow, kept: Kept, darkDays: TheirRow[]): boolean {
  if (isNothing(row.tokens)) return false;
  const cause = darkCauseOf(row, kept.own);
  if (cause !== null) {
    kept.dark.push({ cause, row });
    return false;
  }
  if (isDarkDay(row, kept.own)) darkDays.push(row);
  if (laneOf(row.serviceTier) === 'batch') kept.batches.theirs.push(row);
  return true;
}

function differingDay(dayMs: number, lines: readonly [TermsLine, ...TermsLine[]]): DifferingDay {
  const [{ apiKeyId, model, serviceTier }] = lines;
  return { dayMs, apiKeyId, model, serviceTier, difference: sumOfLines(lines), lines };
}

/** By workspace where a workspace of the key is dark; else by prompt length, which prices can depend on. */
function narrowestRows({ theirs, byWorkspace }: Day, own: OwnPlaces): TheirRow[] {
  const isDarkPlace = (row: TheirRow) => darkCauseOf(row, own) === 'unmetered_workspace';
  const split = new Set(byWorkspace.filter(isDarkPlace).map((row) => row.apiKeyId));
  if (split.size === 0) return theirs;
  return [
    ...theirs.filter((row) => !split.has(row.apiKeyId)),
    ...byWorkspace.filter((row) => split.has(row.apiKeyId)),
  ];
}

/**
 * A day without a row is dark, unless rows may be why: some are lost, or something of ours is missing on a day beside, from which
 * it may have slipped. Then its minutes will tell.
 */
function settleDarkDays(rows: readonly TheirRow[], kept: Kept, gapDays: ReadonlySet<number>): void {
  const lacking = new Set(
    kept.differing
      .filter(({ difference }) => TOKEN_CLASSES.some((tokenClass) => difference[tokenClass] < 0))
      .map((day) => `${day.dayMs} ${subjectKey(day)}`),
  );
  const isBeside = (row: TheirRow) =>
    [row.atMs - DAY_MS, row.atMs + DAY_MS].some((dayMs) => lacking.has(`${dayMs} ${subjectKey(row)}`));
  const dark = rows.filter((row) => !gapDays.has(row.atMs) && !isBeside(row));
  for (const row of dark) kept.dark.push({ cause: 'unmetered_hours', row });
  const places = new Set(dark.map((row) => `${row.atMs} ${subjectKey(row)}`));
  kept.differing = kept.differing.filter((day) => !places.has(`${day.dayMs} ${subjectKey(day)}`));
}

function daysOfGaps({ gaps }: DayInput): Set<number> {
  const days = new Set<number>();
  for (const { beforeMs, afterMs } of gaps) {
    for (let dayMs = dayOf(beforeMs); dayMs <= afterMs; dayMs += DAY_MS) days.add(dayMs);
  }
  return days;
}

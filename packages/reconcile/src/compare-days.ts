import type { CauseName } from './causes.ts';
import { darkCauseOf, isDarkDay } from './dark-spend.ts';
import { type OurRow, ourRows, type TheirRow, theirRows } from './joined-rows.ts';
import { type OwnPlaces, ownPlacesOf, subjectKey } from './own-places.ts';
import { DAY_MS, dayOf } from './places.ts';
import { createPriceSum, type PriceSum } from './rates.ts';
import type { DayInput } from './reconcile-input.ts';
import {
  addTokens,
  isNothing,
  NO_TOKENS,
  subtractTokens,
  TOKEN_CLASSES,
  type TokenCounts,
} from './token-counts.ts';

/** One key, model and lane on one day, of which both sides' tokens are not the same. */
export interface DifferingDay {
  dayMs: number;
  apiKeyId: string | null;
  model: string;
  serviceTier: string | null;
  /** theirs − ours. */
  difference: TokenCounts;
}

/** The two sides of every day, as far as days can tell. */
export interface ComparedDays {
  /** Within the range. */
  ours: OurRow[];
  theirs: TheirRow[];
  /** What is dark, by the narrowest report that shows it; none of it is in `differing`. */
  dark: { cause: CauseName; row: TheirRow }[];
  /** The rest of what the provider has, by the same report. */
  seen: TheirRow[];
  differing: DifferingDay[];
  own: OwnPlaces;
  priceSum: PriceSum;
}

export function compareDays(input: DayInput): ComparedDays {
  const ours = ourRows(input.internal, 'day', input);
  const theirs = theirRows(input.usage, input);
  const own = ownPlacesOf(ours);
  const rows = narrowestRows(theirs, theirRows(input.usageByWorkspace, input), own).filter(
    (row) => !isNothing(row.tokens),
  );
  const isDay = darkDayAmong(rows, differencesOf(ours, rows), own, daysOfGaps(input));
  const causeOf = (row: TheirRow) => darkCauseOf(row, own) ?? (isDay(row) ? 'unmetered_hours' : null);
  const judged = rows.map((row) => ({ cause: causeOf(row), row }));
  const dark = judged.flatMap(({ cause, row }) => (cause === null ? [] : [{ cause, row }]));
  const seen = judged.filter(({ cause }) => cause === null).map(({ row }) => row);
  const differing = differencesOf(ours, seen);
  return { ours, theirs, dark, seen, differing, own, priceSum: createPriceSum(input.price) };
}

/**
 * A day without a row is dark, unless rows may be why: some are lost, or something of ours is missing on a day beside, from which
 * it may have slipped. Then its minutes will tell.
 */
function darkDayAmong(
  rows: readonly TheirRow[],
  differing: readonly DifferingDay[],
  own: OwnPlaces,
  gapDays: ReadonlySet<number>,
): (row: TheirRow) => boolean {
  if (!rows.some((row) => isDarkDay(row, own))) return () => false;
  const lacking = new Set(
    differing
      .filter(({ difference }) => TOKEN_CLASSES.some((tokenClass) => difference[tokenClass] < 0))
      .map((day) => `${day.dayMs} ${subjectKey(day)}`),
  );
  const isBeside = (row: TheirRow) =>
    [row.atMs - DAY_MS, row.atMs + DAY_MS].some((dayMs) => lacking.has(`${dayMs} ${subjectKey(row)}`));
  return (row) => isDarkDay(row, own) && !gapDays.has(row.atMs) && !isBeside(row);
}

/** By workspace where a workspace of the key is dark; else by prompt length, which prices can depend on. */
function narrowestRows(
  byWindow: readonly TheirRow[],
  byWorkspace: readonly TheirRow[],
  own: OwnPlaces,
): TheirRow[] {
  const isDarkPlace = (row: TheirRow) => darkCauseOf(row, own) === 'unmetered_workspace';
  const split = new Set(byWorkspace.filter(isDarkPlace).map((row) => row.apiKeyId));
  return [
    ...byWindow.filter((row) => !split.has(row.apiKeyId)),
    ...byWorkspace.filter((row) => split.has(row.apiKeyId)),
  ];
}

function daysOfGaps({ gaps }: DayInput): Set<number> {
  const days = new Set<number>();
  for (const { beforeMs, afterMs } of gaps) {
    for (let dayMs = dayOf(beforeMs); dayMs <= afterMs; dayMs += DAY_MS) days.add(dayMs);
  }
  return days;
}

function differencesOf(ours: readonly OurRow[], theirs: readonly TheirRow[]): DifferingDay[] {
  const keyOf = (row: OurRow | TheirRow) => `${row.atMs} ${subjectKey(row)}`;
  const lines = new Map<string, DifferingDay>();
  const add = (row: OurRow | TheirRow, sum: typeof addTokens) => {
    const key = keyOf(row);
    const line = lines.get(key);
    if (line !== undefined) line.difference = sum(line.difference, row.tokens);
    else lines.set(key, lineOf(row, sum(NO_TOKENS, row.tokens)));
  };
  for (const row of theirs) add(row, addTokens);
  for (const row of ours) add(row, subtractTokens);
  return [...lines.values()].filter(({ difference }) => !isNothing(difference));
}

function lineOf({ atMs, apiKeyId, model, serviceTier }: TheirRow | OurRow, difference: TokenCounts) {
  return { dayMs: atMs, apiKeyId, model, serviceTier, difference };
}

import type { PicoUsd, SpendRow } from '@tallygate/usage';
import { type ChargesToRead, chargesOfDay } from './charges-to-read.ts';
import { explainCostTypes } from './cost-types.ts';
import { darkCauseOf, explainDark, isDarkDay } from './dark-spend.ts';
import { type Day, daysOf } from './day.ts';
import { explainDiscount } from './discount.ts';
import { createFindings, type FindingListener, type Findings } from './findings.ts';
import { groupRows } from './group-rows.ts';
import { laneOf, type OurRow, onlyWorkspaceOf, ourRows, sumPico, type TheirRow } from './joined-rows.ts';
import { explainOtherTerms, otherTermsOf, subjectsOf } from './other-terms.ts';
import { type OwnPlaces, ownPlacesOf, placeKey, subjectKey } from './own-places.ts';
import { DAY_MS, dayOf, wholeDay } from './places.ts';
import { explainPriorityTier } from './priority-tier.ts';
import { createPriceSum, type PriceSum } from './rates.ts';
import type { DaySides, RangeTerms } from './reconcile-input.ts';
import type { Variance } from './reconciliation.ts';
import { createRequestCount, type RequestDifferences } from './request-count.ts';
import { explainRounding } from './rounding.ts';
import { createSideNotes, type SideNotes } from './side-notes.ts';
import { partedByTerms, partingTerms, sumOfLines, type TermsLine, unlikeLines } from './terms.ts';
import { isNothing, TOKEN_CLASSES, type TokenCounts } from './token-counts.ts';
import { type CheapCell, cheapCellsOf } from './unbilled-refusal.ts';
import { createVariances } from './variances.ts';

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

/** Rows of ours of one day that carry a guess. */
export interface GuessedDay {
  dayMs: number;
  apiKeyId: string | null;
  model: string;
  attempts: number;
}

/** The two sides of every day, as far as days can tell: of what was compared, only what somebody must look at again is kept. */
export interface ComparedDays {
  own: OwnPlaces;
  priceSum: PriceSum;
  /** What a day shows by itself; `reconcile` adds what the rest shows. */
  findings: Findings;
  variances: Variance[];
  requests: RequestDifferences;
  internalPicoUsd: PicoUsd;
  notes: Omit<SideNotes, 'add'>;
  guessed: GuessedDay[];
  charges: ChargesToRead[];
  cheap: CheapCell[];
  /** Usage of metered keys on days without a row; none of it is in `differing`. */
  darkDays: TheirRow[];
  differing: DifferingDay[];
  /** Days, lanes, keys and models whose tokens are the same, on other terms: nothing else of them differs. */
  evenDays: Set<string>;
  /** Days and keys with usage at fast speed, as "day key"; null: nobody can tell. */
  fastDays: Set<string> | null;
  /** Both sides of batches that differ. */
  batches: { ours: OurRow[]; theirs: TheirRow[] };
}

/** Takes a range in, day by day, and forgets what both sides agree on. */
export interface DayComparison {
  /** Each day once, in whatever portions. */
  add(sides: DaySides): void;
  /** When all days are in. */
  compared(): ComparedDays;
}

type Kept = Omit<ComparedDays, 'variances' | 'requests' | 'notes'>;

/** @param places rows of ours of the whole range, grouped at least by `PLACE_GROUPS`. */
export function createDayComparison(
  terms: RangeTerms,
  places: readonly SpendRow[],
  listener?: FindingListener,
): DayComparison {
  const findings = createFindings(listener);
  const kept = nothingKept(ownPlacesOf(places, terms), createPriceSum(terms.price), findings);
  const variances = createVariances(terms.modelName);
  const requests = createRequestCount();
  const notes = createSideNotes();
  return {
    add(sides) {
      notes.add(sides);
      keepFast(sides, kept);
      for (const day of daysOf(sides, terms)) {
        variances.add(day);
        requests.add(day);
        explainDay(day, terms, kept.findings);
        keepOurs(day, kept);
        keepMoney(day, terms, kept);
        keepDifferences(day, kept);
      }
    },
    compared: () => ({
      ...kept,
      ...settledDarkDays(kept, terms),
      variances: variances.lines(),
      requests: requests.differences(),
      notes,
    }),
  };
}

function nothingKept(own: OwnPlaces, priceSum: PriceSum, findings: Findings): Kept {
  return {
    own,
    priceSum,
    findings,
    internalPicoUsd: 0n,
    guessed: [],
    charges: [],
    cheap: [],
    darkDays: [],
    differing: [],
    evenDays: new Set(),
    fastDays: new Set(),
    batches: { ours: [], theirs: [] },
  };
}

function keepFast({ fastUsage }: DaySides, kept: Kept): void {
  if (fastUsage === null) kept.fastDays = null;
  for (const { startMs, rows } of fastUsage ?? [])
    for (const { group } of rows) kept.fastDays?.add(`${startMs} ${group.api_key_id}`);
}

/** What needs neither another day nor a second look. */
function explainDay(day: Day, { modelName }: RangeTerms, findings: Findings): void {
  explainRounding(day, findings);
  explainPriorityTier(day, findings);
  explainCostTypes(day.costs, findings);
  explainDiscount(day.costs, modelName, findings);
}

function keepOurs({ dayMs, ours }: Day, kept: Kept): void {
  kept.internalPicoUsd += sumPico(ours.map((row) => row.chargedPicoUsd));
  for (const { isEstimated, apiKeyId, model, attempts } of ours)
    if (isEstimated) kept.guessed.push({ dayMs, apiKeyId, model, attempts });
}

function keepMoney(day: Day, { modelName }: RangeTerms, kept: Kept): void {
  const cheap = cheapCellsOf(day.theirs, day.costs, modelName, kept.priceSum);
  kept.cheap.push(...cheap);
  const charges = chargesOfDay(day, cheap, modelName, kept.priceSum);
  if (charges !== null) kept.charges.push(charges);
}

function keepDifferences(day: Day, kept: Kept): void {
  const batches: TheirRow[] = [];
  const keysOfDay = new Set(day.ours.map((row) => row.apiKeyId));
  let workspaces: Map<string | null, TheirRow[]> | undefined;
  const placed = (row: TheirRow) => {
    workspaces ??= groupRows(day.byWorkspace, ({ apiKeyId }) => apiKeyId);
    if (row.workspaceId !== null) return row;
    return { ...row, workspaceId: onlyWorkspaceOf(workspaces.get(row.apiKeyId) ?? []) };
  };
  const theirs = narrowestRows(day, kept.own).filter((row) => {
    if (isNothing(row.tokens)) return false;
    const cause = darkCauseOf(row, kept.own);
    if (cause !== null) explainDark(cause, placed(row), kept.own, kept.priceSum, kept.findings);
    if (cause !== null) return false;
    if (isDarkDay(row, keysOfDay)) kept.darkDays.push(placed(row));
    if (laneOf(row.serviceTier) === 'batch') batches.push(row);
    return true;
  });
  const differing = new Set<string>();
  const guessed = new Set(day.ours.filter((row) => row.isEstimated).map(subjectKey));
  for (const group of groupRows(unlikeLines(theirs, day.ours), placeKey).values()) {
    const { even, uneven } = partedByTerms(group, (line) => guessed.has(subjectKey(line)));
    // Calls of one day may be on other terms in different minutes: the day does not tell which of them has which part.
    const isTold = (lines: TermsLines) => partingTerms(lines).length === 1;
    for (const lines of even.filter(isTold)) keepEven(lines, day, kept);
    const untold = even.filter((lines) => !isTold(lines)).flat();
    const open = [...uneven, ...groupRows(untold, ({ serviceTier }) => laneOf(serviceTier)).values()];
    kept.differing.push(...open.map((lines) => differingDay(day.dayMs, lines)));
    for (const line of open.flat()) differing.add(subjectKey(line));
  }
  const isOfBatch = (row: OurRow) => laneOf(row.serviceTier) === 'batch';
  kept.batches.ours.push(...day.ours.filter((row) => isOfBatch(row) && differing.has(subjectKey(row))));
  kept.batches.theirs.push(...batches.filter((row) => differing.has(subjectKey(row))));
}

function keepEven(lines: TermsLines, { dayMs }: Day, { priceSum, findings, evenDays }: Kept): void {
  const place = otherTermsOf(lines, wholeDay(dayMs));
  explainOtherTerms(place, priceSum, findings);
  for (const subject of subjectsOf(place)) evenDays.add(`${dayMs} ${subject}`);
}

type TermsLines = readonly [TermsLine, ...TermsLine[]];

function differingDay(dayMs: number, lines: TermsLines): DifferingDay {
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
 * it may have slipped, or stands just outside of the range. Then its minutes will tell.
 */
function settledDarkDays(
  { darkDays, differing }: Kept,
  terms: RangeTerms,
): Pick<Kept, 'darkDays' | 'differing'> {
  const gapDays = daysOfGaps(terms);
  const isLess = ({ difference }: DifferingDay) => TOKEN_CLASSES.some((each) => difference[each] < 0);
  const lacking = new Set([
    ...differing.filter(isLess).map((day) => `${day.dayMs} ${subjectKey(day)}`),
    ...ourRows(terms.outside, 'day', terms).map((row) => `${row.atMs} ${subjectKey(row)}`),
  ]);
  const isBeside = (row: TheirRow) =>
    [row.atMs - DAY_MS, row.atMs + DAY_MS].some((dayMs) => lacking.has(`${dayMs} ${subjectKey(row)}`));
  const dark = darkDays.filter((row) => !gapDays.has(row.atMs) && !isBeside(row));
  const places = new Set(dark.map((row) => `${row.atMs} ${subjectKey(row)}`));
  return {
    darkDays: dark,
    differing: differing.filter((day) => !places.has(`${day.dayMs} ${subjectKey(day)}`)),
  };
}

function daysOfGaps({ gaps }: RangeTerms): Set<number> {
  const days = new Set<number>();
  for (const { beforeMs, afterMs } of gaps) {
    for (let dayMs = dayOf(beforeMs); dayMs <= afterMs; dayMs += DAY_MS) days.add(dayMs);
  }
  return days;
}

import type { BilledByEnd } from './begun-before.ts';
import type { CauseName } from './causes.ts';
import type { ComparedDays } from './compare-days.ts';
import { darkCauseOf } from './dark-spend.ts';
import { explainRun, type RunCauses } from './explain-run.ts';
import type { Findings } from './findings.ts';
import { createGapBook, type GapBook } from './gap-book.ts';
import { groupRows } from './group-rows.ts';
import { laneOf, type OurRow, ourRows, rowsBySpeed, type TheirRow } from './joined-rows.ts';
import { type Minute, minuteRuns } from './minute-runs.ts';
import { explainOtherTerms, type OtherTerms, otherTermsOf, subjectsOf } from './other-terms.ts';
import { placeKey, subjectKey } from './own-places.ts';
import { dayOf, hourOf, MINUTE_MS, wholeDay } from './places.ts';
import type { MinuteStretch, ReconcileInput } from './reconcile-input.ts';
import { hasSome, isSearchesAlone, type Run, runOf } from './run.ts';
import { partedByTerms, unlikeLines } from './terms.ts';

/**
 * What the minutes of differing days tell. Each run of unlike minutes has the causes for which there is a sign in it: a guess of
 * ours, a number missing around it. One cause takes all of the run; two of unknown amount share it as "ambiguous"; where there is
 * none its own shape decides. Runs that only a lost row can explain choose their gap first.
 */
export function explainMinutes(
  input: ReconcileInput,
  compared: ComparedDays,
  judged: JudgedRows,
  findings: Findings,
): void {
  const runs = input.minutes.flatMap((stretch) => {
    const sides = sidesOf(stretch, input, compared, judged);
    const even = evenMinutes(sides, compared);
    for (const place of even.filter(({ dayMs }) => isInRange(dayMs, input)))
      explainOtherTerms(place, compared.priceSum, findings);
    return runsOf(stretch, sides, even);
  });
  const gaps = createGapBook(input.gaps);
  for (const place of input.minutes.flatMap(restoredIn)) gaps.take(place);
  const needy = runs.filter((run) => needsRow(run) && gaps.mayHold(run));
  for (const run of needy) gaps.take(run);
  const certain = new Set(needy);
  const open = new Set(runs.filter((run) => isUnaccounted(run) && !certain.has(run)).map(placeOf));
  const causesOf = (run: Run): RunCauses => ({
    signs: certain.has(run) ? ['missing_rows'] : signsIn(run, gaps),
    isNeighbourOpen: open.has(placeOf(run)),
  });
  for (const run of runs) explainRun(run, causesOf(run), { input, priceSum: compared.priceSum }, findings);
}

/** Where true-up has written what a lost row would have said: its number is found, and is no sign of anything else. */
function restoredIn({ internal }: MinuteStretch): { fromMs: number; toMs: number }[] {
  return internal.flatMap(({ group, attempts }) => {
    if (group.status !== 'unknown' || group.basis !== 'reported') return [];
    const fromMs = Date.parse(group.minute ?? '');
    return Array.from({ length: attempts }, () => ({ fromMs, toMs: fromMs + MINUTE_MS }));
  });
}

/** What is known of rows before their minutes are looked at. */
export interface JudgedRows {
  isExplained: (row: TheirRow | OurRow) => boolean;
  asBilled: BilledByEnd;
}

/** What is left to explain of a stretch, of the keys that it holds whole. */
interface Sides {
  ours: OurRow[];
  theirs: TheirRow[];
  /** Hours of keys in which any row of ours is. */
  ownHours: ReadonlySet<string>;
}

function sidesOf(
  stretch: MinuteStretch,
  input: ReconcileInput,
  { own }: ComparedDays,
  { isExplained, asBilled }: JudgedRows,
): Sides {
  const wanted = new Set<string | null>(stretch.apiKeyIds);
  const ours = ourRows(stretch.internal, 'minute', input).map(asBilled);
  const isLeft = (row: TheirRow | OurRow) => wanted.has(row.apiKeyId) && !isExplained(row);
  return {
    ours: ours.filter(isLeft),
    theirs: rowsBySpeed(stretch.usage, stretch.fastUsage, input).filter(
      (row) => isLeft(row) && darkCauseOf(row, own) === null,
    ),
    ownHours: new Set(ours.map((row) => `${row.apiKeyId} ${hourOf(row.atMs)}`)),
  };
}

function isInRange(dayMs: number, { fromMs, toMs }: ReconcileInput): boolean {
  return dayMs >= fromMs && dayMs < toMs;
}

function runsOf(
  stretch: MinuteStretch,
  { ours, theirs, ownHours }: Sides,
  even: readonly OtherTerms[],
): Run[] {
  const settled = new Set(
    even.flatMap((place) => subjectsOf(place).map((subject) => `${place.fromMs} ${subject}`)),
  );
  const isLeft = (row: TheirRow | OurRow) =>
    laneOf(row.serviceTier) !== 'priority' && !settled.has(`${row.atMs} ${subjectKey(row)}`);
  const mine = groupRows(ours.filter(isLeft), subjectKey);
  const others = groupRows(theirs.filter(isLeft), subjectKey);
  return [...new Set([...mine.keys(), ...others.keys()])].flatMap((key) => {
    const [myRows, theirRowsHere] = [mine.get(key) ?? [], others.get(key) ?? []];
    const { apiKeyId = null, model = '' } = myRows[0] ?? theirRowsHere[0] ?? {};
    const isDark = (minutes: readonly Minute[]) =>
      minutes.every(({ atMs }) => !ownHours.has(`${apiKeyId} ${hourOf(atMs)}`));
    return minuteRuns(myRows, theirRowsHere).map((minutes) =>
      runOf({ apiKeyId, model, stretch }, minutes, isDark(minutes)),
    );
  });
}

/** Minutes in which the same tokens are on other terms, on days that do not show it because something else differs, too. */
function evenMinutes({ ours, theirs }: Sides, { differing, guessed: days }: ComparedDays): OtherTerms[] {
  const open = new Set([...differing, ...days].map((day) => `${day.dayMs} ${placeKey(day)}`));
  const isOpen = (row: OurRow | TheirRow) => open.has(`${dayOf(row.atMs)} ${placeKey(row)}`);
  const minuteKey = (row: OurRow | TheirRow) => `${row.atMs} ${placeKey(row)}`;
  const mine = groupRows(ours.filter(isOpen), minuteKey);
  return [...groupRows(theirs.filter(isOpen), minuteKey)].flatMap(([key, rows]) => {
    const own = mine.get(key) ?? [];
    const guessed = new Set(own.filter((row) => row.isEstimated).map(subjectKey));
    const { even } = partedByTerms(unlikeLines(rows, own), (line) => guessed.has(subjectKey(line)));
    const { atMs } = rows[0];
    const minute = { dayMs: dayOf(atMs), fromMs: atMs, toMs: atMs + MINUTE_MS };
    return even.map((lines) => otherTermsOf(lines, minute));
  });
}

function signsIn(run: Run, gaps: GapBook): CauseName[] {
  const signs: CauseName[] = [];
  if (run.aborted.length > 0) signs.push('aborted_estimate');
  if (run.unknown.length > 0) signs.push('unknown_outcome');
  const mayBeLost = hasSome(run.net, (count) => count > 0) && gaps.mayHold(run);
  if (mayBeLost) signs.push('missing_rows');
  if (mayBeLost && run.isDark) signs.push('unmetered_hours');
  return signs;
}

/** Usage that only a row of ours which is not there can account for. */
function needsRow(run: Run): boolean {
  const hasGuess = run.aborted.length + run.unknown.length > 0;
  const isMore = hasSome(run.net, (count) => count > 0) && !hasSome(run.net, (count) => count < 0);
  return isMore && !hasGuess && !run.isDark && !isSearchesAlone(run);
}

/** Usage that nothing accounts for: it could be what a guess elsewhere on the key and model stands for. */
function isUnaccounted(run: Run): boolean {
  const hasGuess = run.aborted.length + run.unknown.length > 0;
  return !hasGuess && !run.isDark && !isSearchesAlone(run) && hasSome(run.net, (count) => count > 0);
}

function placeOf({ apiKeyId, model, fromMs }: Run): string {
  return `${dayOf(fromMs)} ${apiKeyId} ${model}`;
}

/** Guesses that no minute can be read for, since nobody can name their key. */
export function doubtNamelessGuesses({ guessed }: ComparedDays, findings: Findings): void {
  const nameless = guessed.filter(({ apiKeyId }) => apiKeyId === null);
  for (const rows of groupRows(nameless, ({ dayMs, model }) => `${dayMs} ${model}`).values()) {
    const [{ dayMs, model }] = rows;
    const attempts = rows.reduce((sum, row) => sum + row.attempts, 0);
    const place = { ...wholeDay(dayMs), model, apiKeyId: null, attempts };
    findings.doubt({ cause: 'aborted_estimate', reason: 'key_unknown', ...place });
  }
}

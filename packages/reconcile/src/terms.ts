import { groupRows } from './group-rows.ts';
import { type Lane, laneOf, type OurRow, type TheirRow } from './joined-rows.ts';
import { createPairs } from './pairs.ts';
import {
  addInto,
  isNothing,
  noTokens,
  subtractFrom,
  TOKEN_CLASSES,
  type TokenCounts,
} from './token-counts.ts';

/** Beside model and tokens, what decides a price: as far as both sides state it, and in one spelling. */
const TERMS = { geography: placeOf, speed: speedOf, service_tier: tierOf } as const;
/** Each is a cause by this name. */
export type TermName = keyof typeof TERMS;
const TERM_NAMES = Object.keys(TERMS) as TermName[];

/** theirs − ours of one key and model on one set of terms. */
export interface TermsLine {
  apiKeyId: string | null;
  model: string;
  serviceTier: string | null;
  inferenceGeo: string | null;
  speed: string | null;
  difference: TokenCounts;
}
type StatedTerms = Pick<TermsLine, 'serviceTier' | 'inferenceGeo' | 'speed'>;

/** "not_available" and nothing at all mean what "global" does: no place was asked for. */
export function placeOf({ inferenceGeo }: Pick<StatedTerms, 'inferenceGeo'>): string {
  return inferenceGeo === null || inferenceGeo === 'not_available' ? 'global' : inferenceGeo;
}

function speedOf({ speed }: StatedTerms): string {
  return speed ?? 'standard';
}

/** All that is paid by contract is one: no bill holds any of it. */
function tierOf({ serviceTier }: StatedTerms): string {
  return laneOf(serviceTier) === 'priority' ? 'priority' : (serviceTier ?? 'standard');
}

/** The lines on which the two sides are not the same. */
export function unlikeLines(theirs: readonly TheirRow[], ours: readonly OurRow[]): TermsLine[] {
  // Speed has to be asked for. Where it was not, ours has nothing to be compared with.
  const untold = new Set(theirs.filter(({ speed }) => speed === null).map(({ apiKeyId }) => apiKeyId));
  const lines = createPairs<string, string | null, OurRow | TheirRow, TermsLine>(
    (line, row) =>
      tierOf(line) === tierOf(row) &&
      placeOf(line) === placeOf(row) &&
      (untold.has(row.apiKeyId) || speedOf(line) === speedOf(row)),
    ({ apiKeyId, model, serviceTier, inferenceGeo, speed }) => {
      const told = untold.has(apiKeyId) ? null : speed;
      return { apiKeyId, model, serviceTier, inferenceGeo, speed: told, difference: noTokens() };
    },
  );
  for (const row of theirs) addInto(lines.at(row.model, row.apiKeyId, row).difference, row.tokens);
  for (const row of ours) subtractFrom(lines.at(row.model, row.apiKeyId, row).difference, row.tokens);
  return lines.all().filter(({ difference }) => !isNothing(difference));
}

type Lines = [TermsLine, ...TermsLine[]];

/** Lines of one key and model: those that come to nothing in sum are the same tokens on other terms. The others stay by lane. */
export function partedByTerms(
  lines: readonly TermsLine[],
  isGuessed: (line: TermsLine) => boolean = () => false,
): { even: Lines[]; uneven: Lines[] } {
  const even: Lines[] = [];
  const uneven: Lines[] = [];
  for (const lane of groupRows(lines, laneOfLine).values()) {
    const isEven = lane[0].apiKeyId !== null && !lane.some(isGuessed) && isNothing(sumOfLines(lane));
    (isEven ? even : uneven).push(lane);
  }
  const [first, ...more] = uneven;
  const isMoved = first !== undefined && first[0].apiKeyId !== null && isNothing(sumOfLines(uneven.flat()));
  if (!isMoved || uneven.flat().some(isGuessed)) return { even, uneven };
  return { even: [...even, [...first, ...more.flat()]], uneven: [] };
}

function laneOfLine({ serviceTier }: TermsLine): Lane {
  return laneOf(serviceTier);
}

export function sumOfLines(lines: readonly TermsLine[]): TokenCounts {
  const sum = noTokens();
  for (const { difference } of lines) addInto(sum, difference);
  return sum;
}

/**
 * In which of the terms lines part that come to nothing in sum: the one without which no line differs, or else all that differ by
 * themselves. Several share an amount of which nobody can tell the parts.
 */
export function partingTerms(lines: readonly TermsLine[]): TermName[] {
  const alone = TERM_NAMES.filter((name) => {
    const others = TERM_NAMES.filter((other) => other !== name);
    return sumsBy(lines, (line) => others.map((other) => TERMS[other](line)).join(' ')).every(isNothing);
  });
  return alone.length > 0 ? alone : TERM_NAMES.filter((name) => !sumsBy(lines, TERMS[name]).every(isNothing));
}

/** Terms on which the provider shows less than we have, though there is no less in sum: some of it is on other terms. */
export function shiftedTerms(lines: readonly TermsLine[]): TermName[] {
  if (isLess(sumOfLines(lines))) return [];
  return TERM_NAMES.filter((name) => sumsBy(lines, TERMS[name]).some(isLess));
}

function isLess(counts: TokenCounts): boolean {
  return TOKEN_CLASSES.some((tokenClass) => counts[tokenClass] < 0);
}

function sumsBy(lines: readonly TermsLine[], keyOf: (line: TermsLine) => string): TokenCounts[] {
  return [...groupRows(lines, keyOf).values()].map(sumOfLines);
}

/** "us", "batch and standard": where tokens are. */
export function describeTerms(lines: readonly TermsLine[], names: readonly TermName[]): string {
  const values = lines.map((line) => names.map((name) => TERMS[name](line)).join(', '));
  return [...new Set(values)].sort().join(' and ');
}

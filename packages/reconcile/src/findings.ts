import { CAUSES, type CauseName } from './causes.ts';
import type { Cause, Evidence, Unexplained } from './reconciliation.ts';
import { addTokens, NO_TOKENS, subtractTokens, sumTokens, type TokenCounts } from './token-counts.ts';

/** Of each cause, and of what stays unexplained, that many are kept to be shown; sums and counts are of all. */
export const MOST_EVIDENCE = 200;

/** Is told each finding when it is made, also those that nothing keeps. */
export interface FindingListener {
  found(cause: CauseName, evidence: Evidence, between: readonly CauseName[]): void;
  doubted(unexplained: Unexplained): void;
}

/** What the search for causes has found so far. A range of any length takes the same room. */
export interface Findings {
  /** @param between of "ambiguous" only. */
  explain(cause: CauseName, evidence: Omit<Evidence, 'amountPicoUsd'>, between?: readonly CauseName[]): void;
  doubt(unexplained: Unexplained): void;
  /** In the order of the waterfall; a cause without a finding is not there. */
  causes(): Cause[];
  unexplained(): { unexplained: Unexplained[]; unexplainedPlaces: number };
  /** By how much the causes say that the tokens of a day and model differ: theirs − ours. */
  explainedTokens(dayMs: number, model: string | null): TokenCounts;
  /** The same of requests, where the rows of a finding count them. @param difference null: they do not. */
  explainRequests(dayMs: number, difference: number | null): void;
  explainedRequests(dayMs: number): number;
  /** Of all days and models. */
  allExplainedTokens(): TokenCounts;
}

interface Tally {
  cause: CauseName;
  between: CauseName[];
  amountPicoUsd: bigint;
  places: number;
  attempts: number;
  byKey: Map<string, Cause['byKey'][number]>;
  largest: Evidence[];
}

export function createFindings(listener?: FindingListener): Findings {
  const tallies = new Map<string, Tally>();
  const explained = new Map<string, TokenCounts>();
  const requests = new Map<number, number>();
  const doubts: Unexplained[] = [];
  let unexplainedPlaces = 0;
  return {
    explain(cause, found, between = []) {
      const evidence = { ...found, amountPicoUsd: found.actual.amountPicoUsd - found.charged.amountPicoUsd };
      listener?.found(cause, evidence, between);
      const tally = tallyOf(tallies, cause, between);
      tally.amountPicoUsd += evidence.amountPicoUsd;
      tally.places += 1;
      tally.attempts += evidence.attempts;
      addPlace(tally.byKey, evidence);
      tally.largest.push(evidence);
      // Cut now and then, not each time: sorting is what it costs.
      if (tally.largest.length > 4 * MOST_EVIDENCE) tally.largest = largestOf(tally.largest);
      const { dayMs, model } = evidence;
      const difference = subtractTokens(evidence.actual.tokens, evidence.charged.tokens);
      const key = placeKey(dayMs, model);
      explained.set(key, addTokens(explained.get(key) ?? NO_TOKENS, difference));
    },
    doubt(unexplained) {
      listener?.doubted(unexplained);
      unexplainedPlaces += 1;
      if (doubts.length < MOST_EVIDENCE) doubts.push(unexplained);
    },
    causes: () => [...tallies.values()].map(causeFrom).sort(inOrderOfWaterfall),
    unexplained: () => ({ unexplained: doubts, unexplainedPlaces }),
    explainedTokens: (dayMs, model) => explained.get(placeKey(dayMs, model)) ?? NO_TOKENS,
    explainRequests: (dayMs, difference) =>
      requests.set(dayMs, (requests.get(dayMs) ?? 0) + (difference ?? 0)),
    explainedRequests: (dayMs) => requests.get(dayMs) ?? 0,
    allExplainedTokens: () => sumTokens(explained.values()),
  };
}

function tallyOf(tallies: Map<string, Tally>, cause: CauseName, between: readonly CauseName[]): Tally {
  const key = [cause, ...between].join(' ');
  const known = tallies.get(key);
  if (known !== undefined) return known;
  const nothing = { amountPicoUsd: 0n, places: 0, attempts: 0 };
  const tally: Tally = { cause, between: [...between], ...nothing, byKey: new Map(), largest: [] };
  tallies.set(key, tally);
  return tally;
}

function addPlace(byKey: Tally['byKey'], { apiKeyId, workspaceId, amountPicoUsd }: Evidence): void {
  const key = `${apiKeyId} ${workspaceId}`;
  const before = byKey.get(key)?.amountPicoUsd ?? 0n;
  byKey.set(key, { apiKeyId, workspaceId, amountPicoUsd: before + amountPicoUsd });
}

function causeFrom({ largest, byKey, ...tally }: Tally): Cause {
  const nameOf = ({ apiKeyId, workspaceId }: Cause['byKey'][number]) =>
    `${apiKeyId ?? ''} ${workspaceId ?? ''}`;
  return {
    ...tally,
    byKey: [...byKey.values()].sort((left, right) => compare(nameOf(left), nameOf(right))),
    evidence: largestOf(largest).sort(inOrderOfPlace),
  };
}

function largestOf(evidence: readonly Evidence[]): Evidence[] {
  return evidence.toSorted(inOrderOfAmount).slice(0, MOST_EVIDENCE);
}

function inOrderOfAmount(left: Evidence, right: Evidence): number {
  const [a, b] = [magnitude(left.amountPicoUsd), magnitude(right.amountPicoUsd)];
  return a === b ? inOrderOfPlace(left, right) : a < b ? 1 : -1;
}

function magnitude(amount: bigint): bigint {
  return amount < 0n ? -amount : amount;
}

function inOrderOfPlace(left: Evidence, right: Evidence): number {
  return left.fromMs - right.fromMs || compare(nameOf(left), nameOf(right));
}

function inOrderOfWaterfall(left: Cause, right: Cause): number {
  const byCause = CAUSES.indexOf(left.cause) - CAUSES.indexOf(right.cause);
  return byCause || compare(left.between.join(), right.between.join());
}

function nameOf({ model, apiKeyId, workspaceId, description }: Evidence): string {
  return [model, apiKeyId, workspaceId, description].join(' ');
}

function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}

function placeKey(dayMs: number, model: string | null): string {
  return `${dayMs} ${model ?? ''}`;
}

import type { OurRow, TheirRow } from './joined-rows.ts';
import { MINUTE_MS } from './places.ts';
import { addTokens, isNothing, NO_TOKENS, sameTokens, type TokenCounts } from './token-counts.ts';

/** One minute of one key and model: what we have and what the provider has. */
export interface Minute {
  atMs: number;
  /** Rows that carry a guess in place of the provider's counts. */
  estimated: OurRow[];
  reported: OurRow[];
  reportedTokens: TokenCounts;
  theirs: TheirRow[];
  theirTokens: TokenCounts;
}

/**
 * Runs of adjacent minutes that do not match, of one key and model.
 *
 * The provider does not say whether a request counts in the minute it began or ended, so usage may sit one minute beside its
 * row. A minute whose reported rows match the provider's count in every class has neither lost nor lent any: it ends a run, as
 * a silent one does. So all that can explain a run is in it.
 */
export function minuteRuns(ours: readonly OurRow[], theirs: readonly TheirRow[]): Minute[][] {
  const minutes = new Map<number, Minute>();
  for (const row of ours)
    if (row.isEstimated || !isNothing(row.tokens)) addOurs(minuteAt(minutes, row.atMs), row);
  for (const row of theirs) if (!isNothing(row.tokens)) addTheirs(minuteAt(minutes, row.atMs), row);
  const unlike = [...minutes.values()].filter(isUnlike).sort((left, right) => left.atMs - right.atMs);
  const runs: Minute[][] = [];
  for (const minute of unlike) {
    const current = runs.at(-1);
    if (current?.at(-1)?.atMs === minute.atMs - MINUTE_MS) current.push(minute);
    else runs.push([minute]);
  }
  return runs;
}

function isUnlike(minute: Minute): boolean {
  return minute.estimated.length > 0 || !sameTokens(minute.reportedTokens, minute.theirTokens);
}

function minuteAt(minutes: Map<number, Minute>, atMs: number): Minute {
  const known = minutes.get(atMs);
  if (known) return known;
  const minute: Minute = {
    atMs,
    estimated: [],
    reported: [],
    reportedTokens: NO_TOKENS,
    theirs: [],
    theirTokens: NO_TOKENS,
  };
  minutes.set(atMs, minute);
  return minute;
}

function addOurs(minute: Minute, row: OurRow): void {
  if (row.isEstimated) minute.estimated.push(row);
  else {
    minute.reported.push(row);
    minute.reportedTokens = addTokens(minute.reportedTokens, row.tokens);
  }
}

function addTheirs(minute: Minute, row: TheirRow): void {
  minute.theirs.push(row);
  minute.theirTokens = addTokens(minute.theirTokens, row.tokens);
}

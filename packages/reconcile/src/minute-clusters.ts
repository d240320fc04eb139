import type { OurRow, TheirRow } from './joined-rows.ts';
import { addTokens, isNothing, NO_TOKENS, type TokenCounts } from './token-counts.ts';

/** One minute of one (key, model): what we have and what the provider has. */
export interface Minute {
  atMs: number;
  estimated: OurRow[];
  /** Tokens of our rows that carry the provider's own counts. */
  reportedTokens: TokenCounts;
  theirs: TheirRow[];
  theirTokens: TokenCounts;
}

export const MINUTE_MS = 60_000;

/**
 * Runs of adjacent minutes in which anything was used, by anybody, on one (key, model).
 *
 * The provider does not say whether a request counts in the minute it began or ended, so usage may sit one minute beside its
 * row. Between two runs lies at least one silent minute: no usage can have slipped from one to the other.
 */
export function minuteClusters(ours: readonly OurRow[], theirs: readonly TheirRow[]): Minute[][] {
  const minutes = new Map<number, Minute>();
  for (const row of ours)
    if (row.isEstimated || !isNothing(row.tokens)) addOurs(minuteAt(minutes, row.atMs), row);
  for (const row of theirs) if (!isNothing(row.tokens)) addTheirs(minuteAt(minutes, row.atMs), row);
  const clusters: Minute[][] = [];
  for (const minute of [...minutes.values()].sort((left, right) => left.atMs - right.atMs)) {
    const current = clusters.at(-1);
    if (current?.at(-1)?.atMs === minute.atMs - MINUTE_MS) current.push(minute);
    else clusters.push([minute]);
  }
  return clusters;
}

function minuteAt(minutes: Map<number, Minute>, atMs: number): Minute {
  const known = minutes.get(atMs);
  if (known) return known;
  const minute = { atMs, estimated: [], reportedTokens: NO_TOKENS, theirs: [], theirTokens: NO_TOKENS };
  minutes.set(atMs, minute);
  return minute;
}

function addOurs(minute: Minute, row: OurRow): void {
  if (row.isEstimated) minute.estimated.push(row);
  else minute.reportedTokens = addTokens(minute.reportedTokens, row.tokens);
}

function addTheirs(minute: Minute, row: TheirRow): void {
  minute.theirs.push(row);
  minute.theirTokens = addTokens(minute.theirTokens, row.tokens);
}

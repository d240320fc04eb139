/**
 * Facts that the disk would not take, in memory until it does; and those that were dropped by choice, counted. Neither is ever
 * silent: both are logged as they begin, and told by `tallygate spool status`.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { contractedCostNanoUsd, isoFromMs, toWireJson } from '@tallygate/usage';
import type { OwnSegments } from './own-segments.ts';
import type { FactRecord } from './read-segment.ts';
import { writeWhole } from './write-whole.ts';

export const DROPPED = 'dropped';

/** Of a disk that stays full: more would become a danger to the application itself. */
const HELD_MAX = 10_000;

export interface Dropped {
  outcomes: number;
  denials: number;
  costNanoUsd: bigint;
  /** What has been written down of it. */
  saved: number;
}

/** @throws the disk's error when memory is full, too: then nothing was recorded. */
export function holdInMemory(own: OwnSegments, fact: FactRecord, error: unknown): void {
  const { logger } = own.options;
  if (own.held.length >= HELD_MAX) throw error;
  if (own.held.length === 0)
    logger.error('usage is kept in memory: the disk does not take it', { reason: String(error) });
  own.held.push(fact);
}

/** @returns false when the fact is to be recorded. What a budget was charged is never dropped: the gap must show. */
export function dropped(own: OwnSegments, fact: FactRecord): boolean {
  if (own.bound.policy !== 'drop' || !own.bound.isFull || fact.kind === 'settlement') return false;
  const { dropped: count, options } = own;
  if (count.outcomes + count.denials === 0)
    options.logger.error('spool is full: usage is dropped and counted');
  if (fact.kind === 'denial') count.denials += 1;
  else {
    count.outcomes += 1;
    count.costNanoUsd += contractedCostNanoUsd(fact.event);
  }
  return true;
}

/** So that the count outlives the process. */
export function saveDropped(own: OwnSegments): void {
  const { dropped: count, options, home } = own;
  const { outcomes, denials, costNanoUsd } = count;
  if (outcomes + denials === count.saved) return;
  try {
    const folder = join(options.root, DROPPED);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const lastAt = isoFromMs(options.clock.nowMs());
    writeWhole(join(folder, `${home.spoolId}.json`), toWireJson({ outcomes, denials, costNanoUsd, lastAt }));
    count.saved = outcomes + denials;
  } catch (error) {
    options.logger.error('dropped usage cannot be written down', {
      outcomes,
      denials,
      reason: String(error),
    });
  }
}

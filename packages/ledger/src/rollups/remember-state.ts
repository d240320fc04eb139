/**
 * What the rollups' state was when it was last asked for, kept until anyone writes a mark or a pointer: at every question the parts
 * of both tables are compared, which takes a sixth of the time. For the embedded engine only: behind the URL of a server there may
 * be several, each with parts of its own, and a user who may not see them.
 */
import type { Database } from '../database.ts';
import { type AskedState, type RollupDay, rollupParts, rollupState } from './rollup-queries.ts';

export type ReadState = (database: Database, asked: AskedState) => Promise<RollupDay[]>;

/** Questions, of different ranges or organizations. One about all time holds a day for every day with usage. */
const MOST_REMEMBERED = 100;
const HOUR_S = 3_600;

export function rememberingState(read: ReadState = rollupState): ReadState {
  const remembered = new Map<string, Promise<RollupDay[]>>();
  let partsThen = '';
  return async (database, asked) => {
    // The next whole hour has the same hours before it, and changes once an hour instead of every second.
    const frozenBeforeSeconds = Math.ceil(asked.frozenBeforeSeconds / HOUR_S) * HOUR_S;
    const question = { ...asked, frozenBeforeSeconds };
    // The parts first: what is written between the two is in the answer, and makes the next question find other parts.
    const parts = await rollupParts(database, {});
    const partsNow = parts
      .map((row) => row.part)
      .sort()
      .join();
    if (partsNow !== partsThen || remembered.size >= MOST_REMEMBERED) remembered.clear();
    partsThen = partsNow;
    const key = JSON.stringify(question);
    const answer = remembered.get(key) ?? read(database, question);
    remembered.set(key, answer);
    // A failure is nothing to remember.
    answer.catch(() => remembered.delete(key));
    return answer;
  };
}

/**
 * What the rollups' state was when it was last asked for, kept until anyone writes a mark or a pointer. For the embedded engine
 * only: behind the URL of a server there may be several, each with parts of its own, and a user who may not see them.
 */
import type { Database } from '../database.ts';
import { type AskedState, type RollupDay, rollupParts, rollupState } from './rollup-queries.ts';

/** Reads usage by what counts of the rollups. May read twice: only what the last one read is the answer. */
export type ReadByState = <Answer>(
  database: Database,
  asked: AskedState,
  read: (days: RollupDay[]) => Promise<Answer>,
) => Promise<Answer>;

/** Questions, of different ranges or organizations. One about all time holds a day for every day with usage. */
const MOST_REMEMBERED = 100;
const HOUR_S = 3_600;

export const byAskedState: ReadByState = async (database, asked, read) =>
  read(await rollupState(database, asked));

export function byRememberedState(askState = rollupState): ReadByState {
  const remembered = new Map<string, { parts: string; days: RollupDay[] }>();
  return async (database, asked, read) => {
    // The next whole hour has the same hours before it, and changes once an hour instead of every second.
    const frozenBeforeSeconds = Math.ceil(asked.frozenBeforeSeconds / HOUR_S) * HOUR_S;
    const question = { ...asked, frozenBeforeSeconds };
    const key = JSON.stringify(question);
    const then = remembered.get(key);
    // While the parts are looked at, it is read as if they were the same: a sixth of the time of a question about a month.
    const early = then && read(then.days);
    early?.catch(() => undefined);
    const parts = await partsOf(database);
    if (then?.parts === parts && early !== undefined) return early;
    // The parts first: what is written after them is in the state, and makes the next question find other parts.
    const days = await askState(database, question);
    if (remembered.size >= MOST_REMEMBERED) remembered.clear();
    remembered.set(key, { parts, days });
    return read(days);
  };
}

/** A part is never written again, and none gets the name of another. */
async function partsOf(database: Database): Promise<string> {
  const parts = await rollupParts(database, {});
  return parts
    .map(({ table, name }) => `${table} ${name}`)
    .sort()
    .join();
}

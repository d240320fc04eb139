/**
 * Adds the rollups of a range up again from its rows: after tables were touched by hand or restored from a copy, or where
 * somebody does not trust them. Sums stay right throughout, since hours that wait are read from their rows.
 */
import { addUp, type RollupDependencies } from './add-up.ts';
import { markHoursDirty, waitingHours } from './rollup-queries.ts';

export interface RebuildOrder {
  organization: string;
  /** [from, to) of the budget instant. */
  fromMs: number;
  toMs: number;
  /** Called after each portion. */
  onHours?(done: number, total: number): void;
}

/** How many hours were added up now. Left are those whose rows may have expired, and those that rows came into just now. */
export interface Rebuilt {
  hours: number;
}

/** What was added up so recently is taken for done: a rebuild that was interrupted goes on when it is run again. */
const DONE_FOR_MS = 3_600_000;

export async function rebuild(
  rollups: RollupDependencies,
  { organization, fromMs, toMs, onHours = () => {} }: RebuildOrder,
): Promise<Rebuilt> {
  const { database, clock, marginMs, retention } = rollups;
  const frozenBeforeSeconds = retention.frozenBeforeSeconds(clock.nowMs());
  const patience = { organization, marginMs, frozenBeforeSeconds };
  const [fromSeconds, toSeconds] = [Math.floor(fromMs / 3_600_000) * 3_600, Math.ceil(toMs / 1_000)];
  const waiting = async () => {
    const [row] = await waitingHours(database, { ...patience, fromSeconds, toSeconds });
    return row?.hours ?? 0;
  };
  await markHoursDirty(database, { ...patience, fromMs, toMs, doneForMs: DONE_FOR_MS });
  const total = await waiting();
  for (let left = total; left > 0; left = await waiting()) {
    onHours(total - left, total);
    const added = await addUp(rollups);
    // Another process may have taken them first.
    if (added.hours === 0 && added.days === 0) break;
  }
  while ((await addUp(rollups)).more);
  onHours(total, total);
  return { hours: total };
}

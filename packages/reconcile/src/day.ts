import type { UsageBucket } from '@tallygate/admin-api';
import type { SpendRow } from '@tallygate/usage';
import { groupRows } from './group-rows.ts';
import { type Naming, type OurRow, ourRows, rowsBySpeed, type TheirRow } from './joined-rows.ts';
import type { DaySides } from './reconcile-input.ts';

/** Everything of one day; what stands in both reports of usage is there twice. */
export interface Day {
  dayMs: number;
  /** Of all bills, as the ledger sums it. */
  internal: readonly SpendRow[];
  ours: OurRow[];
  theirs: TheirRow[];
  byWorkspace: TheirRow[];
  costs: DaySides['costs'];
}

/** One at a time, earliest first, so that no more than a day of rows is taken apart at once. */
export function* daysOf(sides: DaySides, naming: Naming): Generator<Day> {
  const named = groupRows(sides.internal, ({ group }) => group.day ?? '');
  const internal = new Map([...named].map(([day, rows]) => [Date.parse(day), rows]));
  const usage = groupRows(sides.usage, ({ startMs }) => startMs);
  const fast = partsByDay(sides.fastUsage);
  const fastByWorkspace = partsByDay(sides.fastByWorkspace);
  const byWorkspace = groupRows(sides.usageByWorkspace, ({ startMs }) => startMs);
  const costs = groupRows(sides.costs, ({ startMs }) => startMs);
  const days = new Set([internal, usage, byWorkspace, costs].flatMap((side) => [...side.keys()]));
  for (const dayMs of [...days].sort((left, right) => left - right)) {
    const rows = internal.get(dayMs) ?? [];
    yield {
      dayMs,
      internal: rows,
      ours: ourRows(rows, 'day', naming),
      theirs: rowsBySpeed(usage.get(dayMs) ?? [], fast(dayMs), naming),
      byWorkspace: rowsBySpeed(byWorkspace.get(dayMs) ?? [], fastByWorkspace(dayMs), naming),
      costs: costs.get(dayMs) ?? [],
    };
  }
}

/** Null stays null: nobody was asked. */
function partsByDay(buckets: readonly UsageBucket[] | null): (dayMs: number) => UsageBucket[] | null {
  if (buckets === null) return () => null;
  const days = groupRows(buckets, ({ startMs }) => startMs);
  return (dayMs) => days.get(dayMs) ?? [];
}

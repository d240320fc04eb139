import {
  type Clock,
  longestPeriodMs,
  MEASURES,
  PERIOD_UNITS,
  ROLLING_PARTS,
  type SettledSelection,
  type SettledTotals,
} from '@tallygate/usage';
import type { Database } from './database.ts';
import { lastSettlementSeq, settledTotalsQuery } from './queries.ts';

const DAY_MS = 86_400_000;
/** What may be settled into a period that is over: the longest hold (a batch, 25 h), and a day of clocks that differ. */
const SETTLED_LATE_MS = 25 * 3_600_000 + DAY_MS;
/** What has left a window counts no more, however late it is settled; by the gate's clock. */
const CLOCKS_DIFFER_MS = 3_600_000;
const LONGEST_MS = Math.max(...PERIOD_UNITS.map(longestPeriodMs));

/** A key names a measure other than USD before its unit: "tokens.month". */
const UNITS_IN_KEYS = MEASURES.flatMap((measure) =>
  PERIOD_UNITS.map((unit) => ({
    name: measure === 'usd' ? unit : `${measure}.${unit}`,
    longestMs: longestPeriodMs(unit),
  })),
);

interface Wanted {
  every: 0 | 1;
  keys: string[];
  valuesOf: string;
  atMost: number;
}

const ALL: Wanted = { every: 1, keys: [], valuesOf: '', atMost: Number.MAX_SAFE_INTEGER };

/** Sums of settlements, as gates are rebuilt from them. */
export async function settledTotals(
  { database, clock }: { database: Database; clock: Clock },
  organization: string,
  selection: SettledSelection | undefined,
): Promise<SettledTotals> {
  // The number before the sums: a settlement that arrives in between must not be summed under a number it exceeds.
  const [last] = await lastSettlementSeq(database, { organization });
  const liveFromMs = clock.nowMs() - SETTLED_LATE_MS;
  const rows = await settledTotalsQuery(database, {
    ...{ organization, liveFromMs, sumFromMs: liveFromMs - LONGEST_MS, ...parametersOf(selection) },
    units: UNITS_IN_KEYS.map(({ name }) => name),
    longestMs: UNITS_IN_KEYS.map(({ longestMs }) => String(longestMs)),
    rollingParts: ROLLING_PARTS,
    rollingFromMs: clock.nowMs() - CLOCKS_DIFFER_MS,
  });
  const totals = rows.map((row) => ({ key: row.key, amount: row.total }));
  const isOfValues = selection !== undefined && 'valuesOf' in selection;
  return { lastSeq: last?.last_seq ?? 0, totals, ...(isOfValues ? { values: rows[0]?.periods ?? 0 } : {}) };
}

function parametersOf(selection: SettledSelection | undefined): Wanted {
  if (selection === undefined) return { ...ALL, every: 0 };
  if ('every' in selection) return ALL;
  if ('keys' in selection) return { ...ALL, keys: selection.keys };
  return { ...ALL, valuesOf: `${selection.valuesOf}:`, atMost: selection.atMost };
}

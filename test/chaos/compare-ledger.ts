import type { UsageStore } from '@tallygate/ledger';
import { openTables } from '../integration/ledger/tables.ts';

export interface Found {
  events: ReadonlySet<string>;
  settled: ReadonlySet<string>;
  /** Copies of a row that stand in a table beyond the first. */
  copies: number;
  /** Groups of a report whose sums are not those of the rows. */
  rollupMismatches: number;
}

const ALWAYS = { organization: 'acme', fromMs: 0, toMs: 4_000_000_000_000 };

/**
 * Copies of a row stay where they are, so that they can be counted; else merging would remove them before anybody looks. Kept with
 * the tables: no process that opens them merges in the moment before it is told not to.
 */
export async function keepCopies(directory: string): Promise<void> {
  const tables = openTables(directory);
  const nothingMerges = [
    'max_bytes_to_merge_at_max_space_in_pool',
    'max_bytes_to_merge_at_min_space_in_pool',
  ];
  // Parts that are not merged pile up.
  const partsMayPileUp = ['parts_to_delay_insert = 1000000', 'parts_to_throw_insert = 1000000'];
  const settings = [...nothingMerges.map((name) => `${name} = 1`), ...partsMayPileUp].join();
  for (const table of ['usage_events', 'settlements']) {
    await tables.run(`ALTER TABLE ${table} MODIFY SETTING ${settings}`);
  }
  await tables.close();
}

/** What stands in the ledger, row by row, and whether its reports say the same. */
export async function lookInto(store: UsageStore, directory: string): Promise<Found> {
  const tables = openTables(directory);
  try {
    const ids = async (sql: string) => new Set((await tables.rows(sql)).map(({ id }) => String(id)));
    const copies = await tables.rows(`
      SELECT
        (SELECT count() - uniqExact(event_id, line) FROM usage_events) AS usage,
        (SELECT count() - uniqExact(epoch, seq, attempt_id, kind) FROM settlements) AS settlements`);
    return {
      events: await ids('SELECT DISTINCT event_id AS id FROM usage_events'),
      settled: await ids('SELECT DISTINCT attempt_id AS id FROM settlements'),
      copies: Number(copies[0]?.['usage']) + Number(copies[0]?.['settlements']),
      rollupMismatches: await mismatchesInTurn(store, tables.rows),
    };
  } finally {
    await tables.close();
  }
}

type Rows = (sql: string) => Promise<Record<string, unknown>[]>;

/** As the faults left it, some hours added up and some not; then with all of them added up. */
async function mismatchesInTurn(store: UsageStore, rows: Rows): Promise<number> {
  const before = await mismatches(store, rows);
  for (let added = await store.addUp(); added.more; ) added = await store.addUp();
  return before + (await mismatches(store, rows));
}

async function mismatches(store: UsageStore, rows: Rows): Promise<number> {
  const expected = new Map<string, string>();
  const byRow = await rows(`
    SELECT team, response_model AS model, status, toUnixTimestamp(toStartOfHour(ended_at)) AS hour,
      sum(contracted_cost_nano_usd) AS cost, sum(output_tokens) AS output
    FROM (SELECT * FROM usage_events LIMIT 1 BY event_id, line)
    GROUP BY team, model, status, hour`);
  for (const { team, model, status, hour, cost, output } of byRow) {
    expected.set([team, model, status, Number(hour) * 1_000].join(), `${cost}/${output}`);
  }
  const groupBy = ['team', 'responseModel', 'status', 'hour'] as const;
  const reported = await store.spend({ ...ALWAYS, by: 'ended', groupBy: [...groupBy] });
  const wrong = reported.filter(({ group, contractedCostNanoUsd, usage }) => {
    const key = [group.team, group.responseModel, group.status, Date.parse(group.hour ?? '')].join();
    return expected.get(key) !== `${contractedCostNanoUsd}/${usage.outputTokens}`;
  });
  return wrong.length + Math.max(0, expected.size - reported.length);
}

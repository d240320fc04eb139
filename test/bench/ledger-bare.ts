import { type ClickHouseClient, createClient } from '@clickhouse/client';
import { createChdbConnection } from 'chdb/connection';

/** The client and the engine without anything of ours, on a table with the same columns, keys and settings. */
export interface BareLedger {
  /** Inserts the rows of the ledger with budget instants in [from, to) into that table, as the client's documentation shows. */
  insertAgain(fromMs: number, toMs: number): Promise<{ rows: number; insertMs: number }>;
  close(): Promise<void>;
}

/** Waiting in a queue of the engine is not what is meant to be measured. */
const DIRECTLY = { async_insert: 0 } as const;
/** As many as a segment holds. */
const ROWS_PER_INSERT = 5_000;

export async function openBareLedger(directory: string): Promise<BareLedger> {
  const connection = createChdbConnection({ path: directory }) as never;
  const client = createClient({ connection });
  await client.command({ query: 'CREATE TABLE IF NOT EXISTS bare AS usage_events' });
  return {
    insertAgain: (fromMs, toMs) => insertAgain(client, fromMs, toMs),
    close: () => client.close(),
  };
}

async function insertAgain(client: ClickHouseClient, fromMs: number, toMs: number) {
  const spent = { rows: 0, insertMs: 0 };
  const answer = await client.query({
    query: `SELECT * FROM usage_events WHERE budget_instant >= fromUnixTimestamp64Milli(${fromMs})
      AND budget_instant < fromUnixTimestamp64Milli(${toMs}) ORDER BY event_id`,
    format: 'JSONEachRow',
  });
  let values: unknown[] = [];
  const insert = async (): Promise<void> => {
    const startedMs = performance.now();
    await client.insert({ table: 'bare', values, format: 'JSONEachRow', clickhouse_settings: DIRECTLY });
    spent.insertMs += performance.now() - startedMs;
    spent.rows += values.length;
    values = [];
  };
  for await (const rows of answer.stream<unknown>()) {
    for (const row of rows) {
      values.push(row.json());
      if (values.length === ROWS_PER_INSERT) await insert();
    }
  }
  if (values.length > 0) await insert();
  return spent;
}

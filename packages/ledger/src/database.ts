/**
 * The one seam to ClickHouse, whether a server or the embedded engine. Promise: every failure surfaces as
 * `TALLYGATE_LEDGER_UNAVAILABLE` (try again), `TALLYGATE_LEDGER_EXHAUSTED` (ask for less) or `TALLYGATE_REQUEST_INVALID` (these
 * rows will never be accepted); an empty answer always means that there are no rows.
 *
 * Settings travel in the SQL text only. The embedded connection turns `clickhouse_settings` into `SET` on its one session:
 * a deduplication token passed that way stays set and silently swallows the next insert.
 */
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { ledgerFailure, questionFailure } from './database-errors.ts';
import { EXCEPTION_TAG, wholeAnswer } from './whole-answer.ts';

/** Values of `{name:Type}` placeholders. Instants and 64-bit integers go as numbers or bigints, never inside the SQL. */
export type SqlParameters = Record<string, string | number | bigint | string[]>;

export interface Database {
  /** Rows as JSON objects. 64-bit integers must be quoted by the SQL itself (`toString`). */
  select(sql: string, parameters: SqlParameters): Promise<unknown[]>;
  /** One INSERT … FORMAT JSONEachRow of rows that are JSON already. Resolves once the engine has acknowledged all of them. */
  insert(sql: string, rows: readonly string[]): Promise<void>;
  /** One INSERT of a text that is what its FORMAT reads already, sent as it is. Resolves as `insert` does. */
  insertText(sql: string, text: Buffer): Promise<void>;
  /** The bytes of a statement that names its FORMAT, as they come. Fails where the engine fails amid them. */
  read(sql: string, parameters: SqlParameters): Promise<Readable>;
  /** One statement without a result. */
  run(sql: string, parameters?: SqlParameters): Promise<void>;
  close(): Promise<void>;
}

export function createDatabase(client: ClickHouseClient): Database {
  async function insertText(sql: string, text: Buffer | string): Promise<void> {
    const result = await client.exec({ query: sql, values: Readable.from([text]) });
    // An HTTP answer that nobody reads keeps its socket; and a connection may still break within it.
    await finished(result.stream.resume());
  }
  return {
    select: (sql, parameters) =>
      asked(async () => {
        const result = await client.query({ query: sql, query_params: parameters, format: 'JSONEachRow' });
        return result.json<unknown>();
      }),
    insert: (sql, rows) =>
      guarded(async () => {
        if (rows.length > 0) await insertText(sql, `${rows.join('\n')}\n`);
      }),
    insertText: (sql, text) => guarded(() => insertText(sql, text)),
    read: (sql, parameters) =>
      asked(async () => {
        const { stream, response_headers } = await client.exec({ query: sql, query_params: parameters });
        return wholeAnswer(stream, response_headers[EXCEPTION_TAG]);
      }),
    run: (sql, parameters = {}) =>
      asked(async () => {
        await client.command({ query: sql, query_params: parameters });
      }),
    close: () => guarded(() => client.close()),
  };
}

async function guarded<T>(work: () => Promise<T>, failure = ledgerFailure): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw failure(cause);
  }
}

/** What asks, and what computes: given less to do, it needs less memory. */
function asked<T>(work: () => Promise<T>): Promise<T> {
  return guarded(work, questionFailure);
}

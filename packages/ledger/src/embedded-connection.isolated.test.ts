import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectLedger } from './connect.ts';
import { createDatabase, type Database } from './database.ts';

/** Fails after blocks of rows have been written to the answer. */
const FAILS_AMID_ITS_ROWS =
  'SELECT number, throwIf(number = 150000) FROM numbers(200000) SETTINGS max_threads = 1';
const FAILURE = { code: 'TALLYGATE_LEDGER_UNAVAILABLE' };
const STATEMENTS = {
  'without parameters': (database: Database) => database.select('SELECT 7 AS one', {}),
  'with parameters': (database: Database) => database.select('SELECT {one: UInt8} AS one', { one: 7 }),
};

const directory = mkdtempSync(join(tmpdir(), 'tallygate-rest-'));
let database: Database;

beforeAll(async () => {
  database = createDatabase(await connectLedger({ kind: 'embedded', directory }));
});
afterAll(async () => {
  await database.close();
  rmSync(directory, { recursive: true });
});

const failing = (parameters = {}) => database.select(FAILS_AMID_ITS_ROWS, parameters);

describe.each(Object.entries(STATEMENTS))('a statement %s', (_, ask) => {
  it.each([[{}], [{ unused: 1 }]])('has no rows of one before it that failed (given %o)', async (given) => {
    await expect(failing(given)).rejects.toMatchObject(FAILURE);
    expect(await ask(database)).toEqual([{ one: 7 }]);
  });

  it('has none of them where it was asked before the other failed', async () => {
    const failed = expect(failing()).rejects.toMatchObject(FAILURE);
    expect(await Promise.all([ask(database), ask(database)])).toEqual([[{ one: 7 }], [{ one: 7 }]]);
    await failed;
  });
});

describe('a connection whose last statement failed', () => {
  it('reads bytes that are of the asked statement alone', async () => {
    await expect(failing()).rejects.toMatchObject(FAILURE);
    const bytes: Buffer[] = [];
    for await (const chunk of await database.read('SELECT 7 FORMAT CSV', {})) bytes.push(chunk as Buffer);
    expect(Buffer.concat(bytes).toString()).toBe('7\n');
  });

  it('fails each of several that fail, and answers what comes after them', async () => {
    const failed = [failing(), failing(), database.select('SELECT nonsense', {})];
    for (const each of failed) await expect(each).rejects.toMatchObject(FAILURE);
    expect(await database.select('SELECT 7 AS one', {})).toEqual([{ one: 7 }]);
  });

  it('finishes what was asked before it is closed', async () => {
    const other = createDatabase(await connectLedger({ kind: 'embedded', directory }));
    const [failed, answered] = [
      other.select(FAILS_AMID_ITS_ROWS, {}),
      other.select('SELECT sleep(0.1) AS one', {}),
    ];
    await Promise.all([other.close(), expect(failed).rejects.toMatchObject(FAILURE)]);
    expect(await answered).toEqual([{ one: 0 }]);
  });
});

import { describe, expect, it } from 'vitest';
import type { Database } from './database.ts';
import { createHistory } from './history.ts';

const clock = { nowMs: () => 1_790_000_000_000, monotonicMs: () => 0 };
const answering = (rows: unknown[]): Database => ({
  select: async () => rows,
  insert: async () => {},
  insertText: async () => {},
  read: async () => Promise.reject(new Error('nothing is read')),
  run: async () => {},
  close: async () => {},
});
const retention = { frozenBeforeSeconds: () => 0, lateBeforeSeconds: () => 0 };
const historyOver = (rows: unknown[]) =>
  createHistory(
    {
      database: answering(rows),
      clock,
      retention,
      marginMs: 0,
      readByState: async (_database, _asked, read) => read([]),
    },
    undefined,
  );
const range = { organization: 'acme', fromMs: 0, toMs: 1 };
const counts = { events: '1', lines: '1', duplicates: '0', settlements: '0', denials: '0' };

describe('an answer that cannot be right', () => {
  it('is an outage and never a number', async () => {
    const wrong = [
      [],
      [{}],
      [{ ...counts, events: null }],
      [{ ...counts, events: 1 }],
      [{ ...counts, events: '' }],
      [{ ...counts, events: '1.5' }],
      [{ ...counts, events: '9007199254740993' }],
    ];
    for (const rows of wrong) {
      await expect(historyOver(rows).counts(range), JSON.stringify(rows)).rejects.toMatchObject({
        code: 'TALLYGATE_LEDGER_UNAVAILABLE',
      });
    }
    expect(await historyOver([counts]).counts(range)).toMatchObject({
      events: 1,
    });
  });
});

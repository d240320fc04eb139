import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { adoptSpools, openUsageStore, readDeadLetters } from '@tallygate/ledger';
import type { SegmentDestination } from '@tallygate/usage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixedClock, START_MS } from '../../contract/usage-fixtures.ts';
import { refusing } from './collecting-store.ts';
import { startProgram } from './programs.ts';
import { createSettlingGate, createSpoolRoot, type SpoolRoot } from './spool-fixtures.ts';
import { openTables } from './tables.ts';

let spools: SpoolRoot;
beforeEach(() => {
  spools = createSpoolRoot();
});
afterEach(() => spools.remove());

const ledger = () => join(spools.root, '..', 'ledger');

async function dies(instant: string): Promise<void> {
  const file = new URL('./dying-process.ts', import.meta.url);
  const program = startProgram(file, [instant, spools.root, ledger()]);
  let complaint = '';
  program.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const [, signal] = await once(program, 'close');
  expect({ signal, complaint }).toEqual({ signal: 'SIGKILL', complaint: '' });
}

/** What a successor makes of it, and the rows that then stand in the tables, copies included. */
async function successor() {
  const store = await openUsageStore({ kind: 'embedded', directory: ledger() }, { clock: fixedClock });
  const destination: SegmentDestination = {
    store: (segment) =>
      segment.events.some(({ requestModel }) => requestModel === 'poison')
        ? refusing()
        : store.store(segment),
  };
  const { root, clock } = spools;
  const gate = createSettlingGate();
  const report = await adoptSpools({ root, destination, clock, recover: gate.recover });
  const range = { organization: 'acme', fromMs: START_MS, toMs: START_MS + 1 };
  const { events, duplicates } = await store.counts(range);
  const tables = openTables(ledger());
  const sql = 'SELECT count() AS n, uniqExact(attempt_id) AS attempts FROM settlements';
  const [settled] = await tables.rows(sql);
  await tables.close();
  await store.close();
  return { report, events, duplicates, settled, asked: gate.asked };
}

describe('kill -9 of a real process', () => {
  it('between insert and rename: the segment is sent again and stands there once', async () => {
    await dies('between insert and rename');
    const { report, events, duplicates } = await successor();
    expect(report).toMatchObject({ adopted: 1, stored: 8, waiting: 0 });
    expect({ events, duplicates }).toEqual({ events: 8, duplicates: 0 });
  });

  it('between two halves of a refused segment: each good row stands there once, the bad one waits aside', async () => {
    await dies('between two halves');
    const { report, events, duplicates } = await successor();
    expect(report).toMatchObject({ adopted: 1, stored: 7, waiting: 0 });
    expect({ events, duplicates }).toEqual({ events: 7, duplicates: 0 });
    expect((await readDeadLetters(spools.root)).letters).toHaveLength(1);
  });

  it('after the outcomes, before they are settled, and again of the process that takes over: all is settled once', async () => {
    await dies('before it settles');
    await dies('while it adopts');
    const { report, events, duplicates, settled, asked } = await successor();
    expect(report).toMatchObject({ adopted: 1, unsettled: 0, waiting: 0 });
    expect({ events, duplicates }).toEqual({ events: 8, duplicates: 0 });
    expect(settled).toMatchObject({ attempts: '8' });
    // What the one before had written down is not asked for again.
    expect(asked).toBeLessThanOrEqual(1);
    expect(readdirSync(spools.root)).toEqual([]);
  });
});

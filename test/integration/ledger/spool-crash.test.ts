import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { adoptSpools, openUsageStore, type UsageStore } from '@tallygate/ledger';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixedClock, START_MS, usageEvent } from '../../contract/usage-fixtures.ts';
import { unavailable } from './collecting-store.ts';
import { startProgram } from './programs.ts';
import { createSettlingGate, createSpoolRoot, nobodyLives, type SpoolRoot } from './spool-fixtures.ts';
import { openTables } from './tables.ts';

let spools: SpoolRoot;
let ledgerDirectory: string;
let store: UsageStore;
const range = { organization: 'acme', fromMs: START_MS, toMs: START_MS + 1 };
/** These rows are of fixed days: the engine, which knows what day it is, must not take them for expired ones. */
const FOR_GOOD = { rawDays: 10_000, providerIdDays: 10_000 };
const openStore = () =>
  openUsageStore(
    { kind: 'embedded', directory: ledgerDirectory },
    { clock: fixedClock, retention: FOR_GOOD },
  );

beforeEach(async () => {
  spools = createSpoolRoot();
  ledgerDirectory = join(spools.root, '..', 'ledger');
  store = await openStore();
});
afterEach(async () => {
  await store.close();
  spools.remove();
});

describe('kill -9', () => {
  it('of a process that records loses nothing that was acknowledged, and settles what was not', async () => {
    for (const events of [1, 100, 400]) await expectAllStored(await recordUntilKilled(events));
  });

  it('of a process that stores while it records makes nothing twice either', async () => {
    for (const events of [100, 400]) {
      await store.close();
      const acknowledged = await recordUntilKilled(events, ledgerDirectory);
      store = await openStore();
      await expectAllStored(acknowledged);
    }
  });
});

describe('a crash between insert and rename', () => {
  it('ends with every row once', async () => {
    const events = [usageEvent(), usageEvent(), usageEvent()];
    const spool = await spools.open({
      destination: {
        async store(segment) {
          await store.store(segment);
          spools.kill(spool);
          unavailable();
        },
      },
    });
    for (const event of events) spool.recordOutcome(event, null);
    expect(await spool.flush()).toEqual({ stored: 0, pending: 3 });
    const { graveyard, clock } = spools;
    const report = await adoptSpools({ root: graveyard, destination: store, clock, isAlive: nobodyLives });
    expect(report).toMatchObject({ stored: 3, waiting: 0 });
    expect(await store.counts(range)).toMatchObject({ events: 3, lines: 3, duplicates: 0 });
  });
});

describe('a ledger that is down', () => {
  it('is exact once it is up again, over months of a segment and whatever was lost on the way', async () => {
    let failures = 3;
    const months = Array.from({ length: 18 }, (_, index) => Date.UTC(2025, index, 15));
    const spool = await spools.open({
      sealRows: 7,
      destination: {
        async store(segment) {
          if (failures % 2 === 1) await store.store(segment);
          failures -= 1;
          if (failures >= 0) unavailable();
          await store.store(segment);
        },
      },
    });
    for (const budgetInstantMs of months) spool.recordOutcome(usageEvent({ budgetInstantMs }), null);
    for (let report = await spool.flush(); report.pending > 0; report = await spool.flush()) {
      expect(report.stored + report.pending).toBeGreaterThan(0);
    }
    await spool.close();
    const all = { organization: 'acme', fromMs: 0, toMs: Date.UTC(2030, 0) };
    expect(await store.counts(all)).toMatchObject({ events: 18, duplicates: 0 });
    expect(await store.spend({ ...all, by: 'budget', groupBy: [] })).toMatchObject([
      { contractedCostNanoUsd: 18n * 600_000n },
    ]);
  });
});

interface Acknowledged {
  outcomes: Set<string>;
  settlements: Set<string>;
}

/** Killed once it has recorded at least that many, at whatever it is doing then. */
async function recordUntilKilled(events: number, ...ledger: string[]): Promise<Acknowledged> {
  const notesFile = join(spools.root, '..', 'notes');
  const recorder = startProgram(new URL('./recording-process.ts', import.meta.url), [
    spools.root,
    notesFile,
    String(events * 3),
    ...ledger,
  ]);
  const gone = once(recorder, 'close');
  let complaint = '';
  recorder.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  let seen = 0;
  recorder.stdout.on('data', (dots: Buffer) => {
    seen += dots.length;
    if (seen >= events) recorder.kill('SIGKILL');
  });
  const [, signal] = await gone;
  expect({ signal, complaint }).toEqual({ signal: 'SIGKILL', complaint: '' });

  const acknowledged: Acknowledged = { outcomes: new Set(), settlements: new Set() };
  for (const line of readFileSync(notesFile, 'utf8').trimEnd().split('\n')) {
    const [kind, id = ''] = line.split(' ');
    acknowledged[kind === 'outcome' ? 'outcomes' : 'settlements'].add(id);
  }
  expect(acknowledged.outcomes.size).toBeGreaterThanOrEqual(events);
  return acknowledged;
}

/** By the real rule who is dead, into a real ledger, and compared row by row with what the dead one had said. */
async function expectAllStored({ outcomes, settlements }: Acknowledged): Promise<void> {
  const gate = createSettlingGate();
  const { root, clock } = spools;
  const report = await adoptSpools({ root, destination: store, clock, recover: gate.recover });
  expect(report).toMatchObject({ adopted: 1, quarantined: 0, unsettled: 0, waiting: 0 });
  expect(report.tornTails).toBeLessThanOrEqual(1);

  const tables = openTables(ledgerDirectory);
  const stored = await column(tables.rows('SELECT event_id AS id FROM usage_events'));
  const settled = await column(tables.rows('SELECT attempt_id AS id FROM settlements'));
  await tables.close();
  expect([...outcomes].filter((id) => !stored.has(id))).toEqual([]);
  expect([...settlements].filter((id) => !settled.has(id))).toEqual([]);
  expect(settled).toEqual(stored);
  expect(await store.counts(range)).toMatchObject({ events: stored.size, duplicates: 0 });
  expect(spools.spools()).toEqual([]);
}

async function column(rows: Promise<Record<string, unknown>[]>): Promise<Set<string>> {
  return new Set((await rows).map((row) => String(row['id'])));
}

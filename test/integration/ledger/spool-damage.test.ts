import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { adoptSpools } from '@tallygate/ledger';
import type { UsageEvent } from '@tallygate/usage';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { holdFor, settlement, usageEvent } from '../../contract/usage-fixtures.ts';
import { createCollectingStore } from './collecting-store.ts';
import { createSettlingGate, createSpoolRoot, nobodyLives, type SpoolRoot } from './spool-fixtures.ts';

let spools: SpoolRoot;
beforeEach(() => {
  spools = createSpoolRoot();
});
afterEach(() => spools.remove());

const MAGIC = Buffer.from([0xf5, 0x54, 0x47, 0x46]);
const IDS = Array.from({ length: 8 }, (_, index) => `event-${index}`);

/** The layout of a frame, written down once more: files outlive the code that wrote them. */
function frame(payload: string): Buffer {
  const body = Buffer.from(payload);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length);
  sum.writeUInt32BE(crc32(Buffer.concat([length, body])));
  return Buffer.concat([MAGIC, length, sum, body]);
}

/** The file of a process that recorded eight events and was killed. */
async function deadFile(state: 'open' | 'ready'): Promise<{ path: string; bytes: Buffer; starts: number[] }> {
  const spool = await spools.open();
  for (const eventId of IDS) spool.recordOutcome(usageEvent({ eventId }), null);
  if (state === 'ready') await spool.flush();
  spools.kill(spool);
  const path = join(spools.graveyard, spool.spoolId, `000001.${state}`);
  const bytes = readFileSync(path);
  const starts: number[] = [];
  for (let at = bytes.indexOf(MAGIC); at !== -1; at = bytes.indexOf(MAGIC, at + 1)) starts.push(at);
  return { path, bytes, starts };
}

async function adopt() {
  const store = createCollectingStore();
  const { graveyard, clock } = spools;
  const report = await adoptSpools({ root: graveyard, destination: store, clock, isAlive: nobodyLives });
  return { report, ids: store.eventIds() };
}

describe('a torn tail', () => {
  it('is cut wherever the last write stopped: whole records before it survive, every one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), async (where) => {
        const { path, bytes, starts } = await deadFile('open');
        const length = Math.floor(where * bytes.length);
        truncateSync(path, length);
        const whole = starts.filter((_, index) => (starts[index + 1] ?? bytes.length) <= length).length;
        const { report, ids } = await adopt();
        expect(ids).toEqual(IDS.slice(0, Math.max(0, whole - 1)));
        expect(report.tornTails).toBe(starts.includes(length) ? 0 : 1);
        expect(report).toMatchObject({ quarantined: 0, waiting: 0 });
      }),
      { numRuns: 40, seed: 20261121 },
    );
  });

  it('of rubbish is cut as well', async () => {
    const { path } = await deadFile('open');
    appendFileSync(path, Buffer.from([0xf5, 0x54, 0x47, 0x46, 0, 0, 0, 9, 1, 2]));
    expect(await adopt()).toMatchObject({ report: { tornTails: 1 }, ids: IDS });
  });
});

describe('a flipped bit', () => {
  it('anywhere costs at most the record it is in, which is set aside, and nothing refuses to start', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 0, max: 7 }),
        async (where, bit) => {
          const { path, bytes, starts } = await deadFile('ready');
          const at = Math.floor(where * bytes.length);
          const hit = starts.findLastIndex((start) => start <= at);
          bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at);
          writeFileSync(path, bytes);
          const { report, ids } = await adopt();
          expect(ids).toEqual(IDS.filter((_, index) => index !== hit - 1));
          expect(report).toMatchObject({ quarantined: 1, waiting: 0 });
        },
      ),
      { numRuns: 60, seed: 20261121 },
    );
  });

  it('leaves its bytes in the quarantine for a person to look at', async () => {
    const { path, bytes, starts } = await deadFile('ready');
    const [, , second = 0, third = 0] = starts;
    bytes.writeUInt8(0, second + 40);
    writeFileSync(path, bytes);
    await adopt();
    const [name = '', ...others] = readdirSync(join(spools.graveyard, 'quarantine'));
    expect(others).toEqual([]);
    expect(readFileSync(join(spools.graveyard, 'quarantine', name))).toEqual(bytes.subarray(second, third));
  });
});

describe('other accidents', () => {
  it('a sealed file that was cut short loses its end only, and says so', async () => {
    const { path, starts } = await deadFile('ready');
    truncateSync(path, (starts[5] ?? 0) + 3);
    expect(await adopt()).toMatchObject({ report: { quarantined: 1 }, ids: IDS.slice(0, 4) });
  });

  it('an empty file is no segment', async () => {
    const { path } = await deadFile('open');
    truncateSync(path, 0);
    expect(await adopt()).toMatchObject({ report: { tornTails: 0, waiting: 0 }, ids: [] });
    expect(spools.spools(spools.graveyard)).toEqual([]);
  });

  it('a frame that is whole but says nothing known is set aside', async () => {
    const { path } = await deadFile('open');
    appendFileSync(path, frame('{"kind":"greeting"}'));
    appendFileSync(path, frame('not json'));
    const { report, ids } = await adopt();
    expect(ids).toEqual(IDS);
    expect(report.quarantined + report.tornTails).toBe(2);
  });

  it('a file of a newer format stays untouched for the version that wrote it', async () => {
    const { path } = await deadFile('open');
    const newer = frame('{"kind":"header","format":3}');
    writeFileSync(path, newer);
    expect(await adopt()).toMatchObject({ ids: [] });
    const [directory = ''] = spools.spools(spools.graveyard);
    expect(readFileSync(join(spools.graveyard, directory, '000001.open'))).toEqual(newer);
    expect(existsSync(join(spools.graveyard, 'quarantine'))).toBe(false);
  });

  it('one file that cannot be read keeps no other of its directory waiting, and nothing is made up in its place', async () => {
    const spool = await spools.open({ sealRows: 3 });
    const [held, ...others] = Array.from({ length: 5 }, () => usageEvent()) as [UsageEvent, ...UsageEvent[]];
    spool.recordOutcome(held, holdFor(held));
    for (const event of others) spool.recordOutcome(event, null);
    spool.recordSettlement(settlement({ attemptId: held.eventId }));
    await spool.flush();
    spools.kill(spool);
    const home = join(spools.graveyard, spool.spoolId);
    renameSync(join(home, '000002.ready'), join(spools.graveyard, 'aside'));
    mkdirSync(join(home, '000002.ready'));
    const [store, gate] = [createCollectingStore(), createSettlingGate()];
    const { graveyard: root, clock } = spools;
    const pass = () =>
      adoptSpools({ root, clock, destination: store, recover: gate.recover, isAlive: nobodyLives });
    expect(await pass()).toMatchObject({ stored: 3, waiting: 1, unsettled: 1, recovered: 0 });

    const [name = ''] = spools.spools(root).filter((entry) => entry !== 'aside');
    rmdirSync(join(root, name, '000002.ready'));
    renameSync(join(root, 'aside'), join(root, name, '000002.ready'));
    expect(await pass()).toMatchObject({ waiting: 0, unsettled: 0, recovered: 0 });
    expect(store.eventIds()).toEqual([held, ...others].map(({ eventId }) => eventId));
    expect([gate.asked, store.attemptsSettled()]).toEqual([0, [held.eventId]]);
    expect(spools.spools(root)).toEqual([]);
  });

  it('one directory that cannot be read does not keep the others from being drained', async () => {
    const { path } = await deadFile('open');
    mkdirSync(join(path, '..', '000002.ready'));
    await deadFile('open');
    const { ids } = await adopt();
    expect(new Set(ids)).toEqual(new Set(IDS));
  });
});

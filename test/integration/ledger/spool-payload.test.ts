import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { adoptSpools } from '@tallygate/ledger';
import { toWireJson } from '@tallygate/usage';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  anyEvent,
  denialRecord,
  holdFor,
  settlement,
  sharedHoldFor,
  usageEvent,
} from '../../contract/usage-fixtures.ts';
import { createCollectingStore } from './collecting-store.ts';
import { createSpoolRoot, nobodyLives, type SpoolRoot } from './spool-fixtures.ts';

let spools: SpoolRoot;
beforeEach(() => {
  spools = createSpoolRoot();
});
afterEach(() => spools.remove());

describe('a fact in the spool', () => {
  it('is the same after it was a row, whatever event the schema admits', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { minLength: 1, maxLength: 20 }), async (events) => {
        const store = createCollectingStore();
        const spool = await spools.open({ destination: store });
        for (const event of events) spool.recordOutcome(event, null);
        await spool.close();
        expect([...store.segments.values()].flatMap((segment) => segment.events)).toEqual(events);
      }),
      { numRuns: 50, seed: 20261121 },
    );
  });

  it.each([
    ['of one budget', holdFor],
    ['of a budget and its pool', sharedHoldFor],
  ])('keeps the hold that recovery must end, %s', async (_name, holdOf) => {
    const event = usageEvent();
    const hold = holdOf(event);
    const spool = await spools.open();
    spool.recordOutcome(event, hold);
    spools.kill(spool);
    const found: unknown[] = [];
    await adoptSpools({
      root: spools.graveyard,
      destination: createCollectingStore(),
      clock: spools.clock,
      isAlive: nobodyLives,
      recover: async (outcomes) => {
        found.push(...outcomes.map((outcome) => ({ event: outcome.event, hold: outcome.hold })));
        return [];
      },
    });
    expect(found).toEqual([{ event, hold }]);
  });

  it('lies there as the row that the ledger inserts: other programs may read it', async () => {
    const spool = await spools.open();
    spool.recordSettlement(settlement({ attemptId: 'a-1' }));
    const text = readFileSync(join(spool.directory, '000001.open'), 'latin1');
    expect(text).toContain(
      'settlement 2\n["acme","a-1","settle","e1",1,1791979200000,1791979201600,["support-month:month:1790812800000"],["600000"],1]\n',
    );
    await spool.close();
  });

  it('written as JSON by format 1 is still read', async () => {
    const event = usageEvent();
    const [ended, denied] = [settlement({ attemptId: event.eventId }), denialRecord()];
    const spool = await spools.open();
    spools.kill(spool);
    const payloads = [
      { kind: 'header', format: 1, spoolId: spool.spoolId, segment: 1, createdAtMs: 1 },
      { kind: 'outcome', event, hold: null },
      { kind: 'settlement', settlement: ended },
      { kind: 'denial', denial: denied },
    ];
    writeFileSync(
      join(spools.graveyard, spool.spoolId, '000001.ready'),
      Buffer.concat(payloads.map((it) => frame(toWireJson(it)))),
    );
    const store = createCollectingStore();
    const { graveyard, clock } = spools;
    await adoptSpools({ root: graveyard, destination: store, clock, isAlive: nobodyLives });
    expect([...store.segments.values()]).toMatchObject([
      { events: [event], settlements: [ended], denials: [denied] },
    ]);
  });
});

function frame(payload: string): Buffer {
  const body = Buffer.from(payload);
  const head = Buffer.alloc(12);
  head.write('f5544746', 'hex');
  head.writeUInt32BE(body.length, 4);
  head.writeUInt32BE(crc32(Buffer.concat([head.subarray(4, 8), body])), 8);
  return Buffer.concat([head, body]);
}

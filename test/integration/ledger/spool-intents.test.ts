import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { adoptSpools, holdsLeftBehind, type UnknownOutcomes } from '@tallygate/ledger';
import { type CallIntent, newAttemptId, newCallId, type UsageEvent } from '@tallygate/usage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { holdFor, START_MS, settlement, sharedHoldFor, usageEvent } from '../../contract/usage-fixtures.ts';
import { createCollectingStore } from './collecting-store.ts';
import { createSettlingGate, createSpoolRoot, nobodyLives, type SpoolRoot } from './spool-fixtures.ts';

let spools: SpoolRoot;
beforeEach(() => {
  spools = createSpoolRoot();
});
afterEach(() => spools.remove());

function intent(changes: Partial<CallIntent> = {}): CallIntent {
  const attemptId = newAttemptId();
  return {
    attemptId,
    callId: newCallId(),
    attemptNumber: 1,
    organization: 'acme',
    apiKeyId: null,
    apiKeyHint: null,
    attribution: usageEvent().attribution,
    backend: 'anthropic',
    place: null,
    requestModel: 'claude-sonnet-4-5',
    promptTokens: 1_200,
    streamed: true,
    startedAtMs: START_MS,
    configVersion: 3,
    hold: holdFor(usageEvent({ eventId: attemptId })),
    ...changes,
  };
}

const outcomeOf = ({ attemptId }: CallIntent, changes: Partial<UsageEvent> = {}) =>
  usageEvent({ eventId: attemptId, ...changes });
const unknownOutcomes: UnknownOutcomes = async (intents) =>
  intents.map((call) => outcomeOf(call, { status: 'unknown', basis: 'estimated' }));

/** A pass over what killed processes left. */
async function adopt(options: Partial<Parameters<typeof adoptSpools>[0]> = {}) {
  const [store, gate] = [createCollectingStore(), createSettlingGate()];
  const { graveyard: root, clock } = spools;
  const mine = { root, clock, destination: store, recover: gate.recover, unknownOutcomes };
  const report = await adoptSpools({ ...mine, isAlive: nobodyLives, ...options });
  const events = [...store.segments.values()].flatMap((segment) => segment.events);
  return { report, store, gate, events };
}

describe('a call in flight when its process dies', () => {
  it('becomes a row "unknown" whose hold is settled, once; one with an outcome leaves nothing', async () => {
    const spool = await spools.open();
    const [ended, open] = [intent(), intent()];
    for (const call of [ended, open]) spool.recordIntent(call);
    spool.recordOutcome(outcomeOf(ended), ended.hold);
    expect(spool.callsInFlight).toBe(1);
    spools.kill(spool);
    const { report, events, gate } = await adopt();
    expect(report).toMatchObject({ unknown: 1, recovered: 2, unsettled: 0, waiting: 0 });
    expect(events.map(({ eventId, status }) => [eventId, status])).toEqual([
      [ended.attemptId, 'ok'],
      [open.attemptId, 'unknown'],
    ]);
    expect([...gate.settled.keys()].sort()).toEqual([ended.attemptId, open.attemptId].sort());
    expect(spools.spools(spools.graveyard)).toEqual([]);
  });

  it('is told as it was written: attribution, estimate and hold, also one that a pool has a part of', async () => {
    const spool = await spools.open();
    const written = intent({
      attribution: { ...intent().attribution, tags: { region: 'Zürich 🧾' } },
      hold: sharedHoldFor(usageEvent()),
    });
    spool.recordIntent(written);
    spools.kill(spool);
    const seen: CallIntent[] = [];
    await adopt({
      unknownOutcomes: async (intents) => {
        seen.push(...intents);
        return unknownOutcomes(intents);
      },
    });
    expect(seen).toEqual([written]);
  });

  it('makes one row, also when it died between outcome and striking out, or an adopter died before it was done', async () => {
    const spool = await spools.open();
    const [recorded, open] = [intent(), intent()];
    for (const call of [recorded, open]) spool.recordIntent(call);
    const before = readFileSync(join(spool.directory, 'in-flight'));
    spool.recordOutcome(outcomeOf(recorded), recorded.hold);
    spools.kill(spool);
    writeFileSync(join(spools.graveyard, spool.spoolId, 'in-flight'), before);
    const first = await adopt({ destination: null });
    expect(first.report).toMatchObject({ unknown: 1, recovered: 2 });
    const [name = ''] = spools.spools(spools.graveyard);
    writeFileSync(join(spools.graveyard, name, 'in-flight'), before);
    const { report, events } = await adopt();
    expect(report).toMatchObject({ unknown: 0, unsettled: 0, waiting: 0 });
    expect(events.map(({ status }) => status).sort()).toEqual(['ok', 'unknown']);
  });

  it('waits on disk for a process that can price it', async () => {
    const spool = await spools.open();
    spool.recordIntent(intent());
    spools.kill(spool);
    const away: UnknownOutcomes = () => Promise.reject(new Error('no configuration'));
    for (const cannot of [undefined, away, async () => []]) {
      const { report } = await adopt(
        cannot === undefined ? { unknownOutcomes: undefined as never } : { unknownOutcomes: cannot },
      );
      expect(report).toMatchObject({ unknown: 0, unsettled: 1, stored: 0 });
    }
    expect((await adopt()).report).toMatchObject({ unknown: 1, unsettled: 0, waiting: 0 });
  });

  it('is not lost with a flipped byte beside it', async () => {
    const spool = await spools.open();
    const calls = [intent(), intent(), intent()];
    for (const call of calls) spool.recordIntent(call);
    spools.kill(spool);
    const path = join(spools.graveyard, spool.spoolId, 'in-flight');
    const bytes = readFileSync(path);
    bytes.writeUInt8(bytes.readUInt8(1_100) ^ 4, 1_100);
    writeFileSync(path, bytes);
    const { events } = await adopt();
    expect(events.map(({ eventId }) => eventId)).toEqual([calls[0]?.attemptId, calls[2]?.attemptId]);
  });
});

describe('the file of calls in flight', () => {
  it('does not grow with the number of calls, only with those at once', async () => {
    const spool = await spools.open();
    const many = {
      tags: Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`tag-${n}`, 'x'.repeat(40)])),
    };
    for (let round = 0; round < 300; round += 1) {
      const calls = [intent(), intent({ attribution: { ...intent().attribution, ...many } }), intent()];
      for (const call of calls) spool.recordIntent(call);
      for (const call of calls) spool.recordOutcome(outcomeOf(call), null);
    }
    expect(spool.callsInFlight).toBe(0);
    expect(statSync(join(spool.directory, 'in-flight')).size).toBeLessThan(16_384);
    await spool.close();
  });

  it('moves with a process that was taken for dead and wakes up', async () => {
    const sleeper = await spools.open();
    const call = intent();
    sleeper.recordIntent(call);
    await adopt({ root: spools.root });
    spools.clock.advance(400_000);
    sleeper.recordOutcome(usageEvent(), null);
    expect(sleeper.callsInFlight).toBe(1);
    sleeper.recordOutcome(outcomeOf(call), call.hold);
    expect(sleeper.callsInFlight).toBe(0);
    await sleeper.close();
  });
});

describe('what processes left behind that no gate has ended', () => {
  const leftIn = async (root: string, isAlive = nobodyLives) => {
    const holds = await holdsLeftBehind({ root, clock: spools.clock, isAlive });
    return holds.map(({ attemptId }) => attemptId).sort();
  };

  it('is each hold of a call in flight and of an outcome without settlement, once; of the living, none', async () => {
    const spool = await spools.open();
    const [settled, recorded, open] = [intent(), intent(), intent()];
    for (const call of [settled, recorded, open]) spool.recordIntent(call);
    for (const call of [settled, recorded]) spool.recordOutcome(outcomeOf(call), call.hold);
    spool.recordSettlement(settlement({ attemptId: settled.attemptId }));
    spools.kill(spool);
    expect(await leftIn(spools.graveyard)).toEqual([recorded.attemptId, open.attemptId].sort());
    expect(await leftIn(spools.graveyard, () => true)).toEqual([]);
  });

  it('stays so while an adopter cannot settle it, and is nothing once one has', async () => {
    const spool = await spools.open();
    const open = intent();
    spool.recordIntent(open);
    spools.kill(spool);
    const away = () => Promise.reject(new Error('the gate is away'));
    await adopt({ recover: away });
    for (const isAlive of [nobodyLives, () => true])
      expect(await leftIn(spools.graveyard, isAlive)).toEqual([open.attemptId]);
    await adopt();
    expect(await leftIn(spools.graveyard)).toEqual([]);
  });
});

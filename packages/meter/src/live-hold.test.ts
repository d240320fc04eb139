import { type ExtendReply, type Hold, silentLogger } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { createLiveHold } from './live-hold.ts';

const TTL_MS = 60_000;
const RESERVED: Hold = {
  attemptId: 'a',
  organization: 'o',
  epoch: 'e',
  budgetInstantMs: 0,
  expiryBucket: 1,
  entries: [],
};

function rig(extend: (hold: Hold) => Promise<ExtendReply> = extended) {
  let nowMs = 0;
  const asked: Hold[] = [];
  const gate = {
    extend(hold: Hold) {
      asked.push(hold);
      return extend(hold);
    },
  };
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  const live = createLiveHold(RESERVED, TTL_MS, { gate, clock, logger: silentLogger });
  return { live, asked, at: (ms: number) => (nowMs = ms) };
}

const extended = async (hold: Hold): Promise<ExtendReply> => ({
  kind: 'extended',
  hold: { ...hold, expiryBucket: hold.expiryBucket + 1 },
});

describe('the hold of a running stream', () => {
  it('is extended once half its life is over, while bytes arrive, and settles as it then stands', async () => {
    const { live, asked, at } = rig();
    live.keepAlive();
    at(29_999);
    live.upkeep();
    expect(asked).toEqual([]);
    live.keepAlive();
    at(30_000);
    live.upkeep();
    expect(asked).toEqual([RESERVED]);
    await Promise.resolve();
    expect(live.current()).toEqual({ ...RESERVED, expiryBucket: 2 });
  });

  it('is not extended while nothing arrives, and at once when something does', () => {
    const { live, asked, at } = rig();
    live.keepAlive();
    live.upkeep();
    at(45_000);
    live.upkeep();
    expect(asked).toEqual([]);
    live.keepAlive();
    expect(asked).toHaveLength(1);
  });

  it('is extended once for each half life, however much arrives', () => {
    const { live, asked, at } = rig();
    for (let ms = 0; ms <= 120_000; ms += 5_000) {
      at(ms);
      live.keepAlive();
      live.keepAlive();
      live.upkeep();
    }
    expect(asked).toHaveLength(4);
  });

  it('stays as it is when the gate cannot extend it', async () => {
    const { live, at } = rig(() => Promise.reject(new Error('gone')));
    at(30_000);
    live.keepAlive();
    live.upkeep();
    await Promise.resolve();
    expect(live.current()).toBe(RESERVED);
  });
});

import { type Hold, newAttemptId } from '@tallygate/usage';
import { expect, test } from 'vitest';
import { type GatheredEnding, LeasedHold } from './leased-hold.ts';
import { createRecentAttempts } from './recent-attempts.ts';
import type { OpenLease } from './take-lease.ts';

const CLOCK = { nowMs: () => 0, monotonicMs: () => 0 };
const LEASE = { hold: { attemptId: 'a lease' } as Hold, isOverAtMonotonicMs: 1_000 };
const ENDED: GatheredEnding = {
  kind: 'settle',
  amountNanoUsd: 0n,
  position: 0,
  batch: Promise.resolve(null),
};

const admitted = () => new LeasedHold(newAttemptId(), [], { lease: LEASE } as unknown as OpenLease);

test('an attempt is found by its hold, by any copy of it and by its id, in whatever order they are asked for', () => {
  const attempts = createRecentAttempts(CLOCK);
  const holds = Array.from({ length: 100 }, admitted);
  for (const hold of holds) {
    attempts.add(hold);
    expect(attempts.get(hold.attemptId)).toBe(hold);
  }
  for (const hold of holds.toReversed()) {
    expect(attempts.of(hold)).toBe(hold);
    expect(attempts.of({ ...hold })).toBe(hold);
    expect(attempts.get(hold.attemptId)).toBe(hold);
  }
  expect(attempts.of({ ...admitted() })).toBeUndefined();
});

test('what lives is remembered however many came after it, what has ended is not for ever', () => {
  const attempts = createRecentAttempts(CLOCK);
  const [living, ended] = [admitted(), admitted()];
  ended.ending = ENDED;
  attempts.add(living);
  attempts.add(ended);
  for (let index = 0; index < 30_000; index += 1) {
    const hold = admitted();
    hold.ending = ENDED;
    attempts.add(hold);
  }
  expect(attempts.get(living.attemptId)).toBe(living);
  expect(attempts.get(ended.attemptId)).toBeUndefined();
});

test('only an id that sorts after all others is the first of its kind', () => {
  const attempts = createRecentAttempts(CLOCK);
  const [early, late] = [newAttemptId(), newAttemptId()];
  expect([late, early, late].map(attempts.isFirst)).toEqual([true, false, false]);
  expect(attempts.isFirst(newAttemptId())).toBe(true);
});

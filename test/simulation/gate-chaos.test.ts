import { expect, it } from 'vitest';
import { GATE_FAULTS } from '../chaos/gate-rage.ts';
import { CHAOS_TIMEOUT_MS, runChaos } from './run-chaos.ts';

const SEED = '20261121';

it('whatever happens to Redis, its wire and its clients: nothing is spent beyond the stated bound, held for ever, or counted otherwise than in the ledger', {
  timeout: CHAOS_TIMEOUT_MS,
}, async () => {
  const { code, told, complaint, faults } = await runChaos('gate', SEED);
  expect({ code, told }, complaint).toMatchObject({ code: 0 });
  const { operations, maxOverspendUsd, boundUsd, ...wrong } = JSON.parse(told);
  expect(wrong).toEqual({
    ...{ overLimit: 0, leakedHolds: 0, falseDenials: 0, endedTwice: 0, sequenceGaps: 0 },
    driftNanoUsd: '0',
  });
  expect(operations).toBeGreaterThan(0);
  expect(Number(maxOverspendUsd)).toBeLessThanOrEqual(Number(boundUsd));

  expect(faults(), complaint).toEqual([...GATE_FAULTS].toSorted());
});

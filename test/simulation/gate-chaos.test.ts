import { once } from 'node:events';
import { expect, it } from 'vitest';
import { GATE_FAULTS } from '../chaos/gate-rage.ts';
import { startProgram } from '../integration/ledger/programs.ts';

/** Ten seconds are enough where the machine has time; the run goes on until every kind of fault has happened. */
const TIMEOUT_MS = 600_000;
const SEED = '20261121';

it('whatever happens to Redis, its wire and its clients: nothing is spent beyond the stated bound, held for ever, or counted otherwise than in the ledger', {
  timeout: TIMEOUT_MS,
}, async () => {
  const chaos = startProgram(new URL('../chaos/chaos-main.ts', import.meta.url), [
    ...['gate', '--seconds', '10', '--json', '--seed', SEED],
  ]);
  let [told, complaint] = ['', ''];
  chaos.stdout.on('data', (chunk: Buffer) => {
    told += chunk.toString();
  });
  chaos.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const [code] = await once(chaos, 'close');
  expect({ code, told }, complaint).toMatchObject({ code: 0 });
  const { operations, maxOverspendUsd, boundUsd, ...wrong } = JSON.parse(told);
  expect(wrong).toEqual({
    ...{ overLimit: 0, leakedHolds: 0, falseDenials: 0, sequenceGaps: 0 },
    driftNanoUsd: '0',
  });
  expect(operations).toBeGreaterThan(0);
  expect(Number(maxOverspendUsd)).toBeLessThanOrEqual(Number(boundUsd));

  const counted = [...complaint.matchAll(/^ *(\d+) × (.+)$/gm)];
  const happened = counted.filter(([, count]) => Number(count) > 0).map(([, , fault]) => fault);
  expect(happened.toSorted(), complaint).toEqual([...GATE_FAULTS].toSorted());
});

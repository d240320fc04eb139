import { expect, it } from 'vitest';
import { FAULTS as NETWORK_FAULTS } from '../setup/faulty-proxy.ts';
import { CHAOS_TIMEOUT_MS, runChaos } from './run-chaos.ts';

const FAULTS = [
  'an application is killed',
  'a record that a killed application left is damaged',
  'the drainer is killed',
  'the server is killed',
  'drainer and server are killed at once',
  'the drainer is killed, the engine in it',
  ...NETWORK_FAULTS,
  'bodies are compressed both ways',
];
const NO_DISK = 'nothing is filled';

it('applications, drainer and ledger are killed at any moment, over a network that fails and a disk that fills: nothing is lost, nothing counts twice', {
  timeout: CHAOS_TIMEOUT_MS,
}, async () => {
  const seed = Date.now() % 2 ** 31;
  const { code, told, complaint, faults } = await runChaos('ledger', String(seed));
  expect({ code, complaint }, complaint).toMatchObject({ code: 0 });
  const { recorded, inLedger, quarantined, ...wrong } = JSON.parse(told);
  expect(wrong, `seed ${seed}`).toEqual({ lost: 0, duplicated: 0, rollupMismatches: 0 });
  expect(recorded, `seed ${seed}`).toBeGreaterThan(0);
  expect(recorded - inLedger, `seed ${seed}`).toBeGreaterThanOrEqual(quarantined);

  const everyFault = complaint.includes(NO_DISK) ? FAULTS : [...FAULTS, 'the disk is full'];
  expect(faults(), complaint).toEqual(everyFault.toSorted());
});

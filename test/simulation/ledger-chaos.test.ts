import { once } from 'node:events';
import { expect, it } from 'vitest';
import { startProgram } from '../integration/ledger/programs.ts';
import { FAULTS as NETWORK_FAULTS } from '../setup/faulty-proxy.ts';

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
/** Ten seconds are enough where the machine has time; the run goes on until every kind of fault has happened. */
const TIMEOUT_MS = 600_000;
const NO_DISK = 'nothing is filled';

it('applications, drainer and ledger are killed at any moment, over a network that fails and a disk that fills: nothing is lost, nothing counts twice', {
  timeout: TIMEOUT_MS,
}, async () => {
  const seed = Date.now() % 2 ** 31;
  const chaos = startProgram(new URL('../chaos/chaos-main.ts', import.meta.url), [
    ...['ledger', '--seconds', '10', '--json', '--seed', String(seed)],
  ]);
  let [told, complaint] = ['', ''];
  chaos.stdout.on('data', (chunk: Buffer) => {
    told += chunk.toString();
  });
  chaos.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const [code] = await once(chaos, 'close');
  expect({ code, complaint }, complaint).toMatchObject({ code: 0 });
  const { recorded, inLedger, quarantined, ...wrong } = JSON.parse(told);
  expect(wrong, `seed ${seed}`).toEqual({ lost: 0, duplicated: 0, rollupMismatches: 0 });
  expect(recorded, `seed ${seed}`).toBeGreaterThan(0);
  expect(recorded - inLedger, `seed ${seed}`).toBeGreaterThanOrEqual(quarantined);

  const counted = [...complaint.matchAll(/^ *(\d+) × (.+)$/gm)];
  const happened = counted.filter(([, count]) => Number(count) > 0).map(([, , fault]) => fault);
  const everyFault = complaint.includes(NO_DISK) ? FAULTS : [...FAULTS, 'the disk is full'];
  expect(happened.toSorted(), complaint).toEqual(everyFault.toSorted());
});

import { once } from 'node:events';
import { expect, it } from 'vitest';
import { startProgram } from '../integration/ledger/programs.ts';

it('applications and their drainer are killed at any moment, over a ledger that fails and a disk that fills: nothing is lost, nothing counts twice', async () => {
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
});

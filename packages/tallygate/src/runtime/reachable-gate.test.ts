import { createMemoryGate } from '@tallygate/gate';
import { silentLogger, systemClock, TallygateError } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { openReachableGate } from './reachable-gate.ts';

const outage = () => new TallygateError('TALLYGATE_GATE_UNAVAILABLE', { message: 'Nobody answers.' });
const memoryGate = () => createMemoryGate({ organization: 'acme', clock: systemClock });

function rig(answers: (() => Promise<ReturnType<typeof memoryGate>>)[]) {
  let monotonicMs = 0;
  let tries = 0;
  const clock = { nowMs: () => 0, monotonicMs: () => monotonicMs };
  const open = () => {
    tries += 1;
    return answers[tries - 1]?.() ?? Promise.reject(outage());
  };
  return {
    gate: () => openReachableGate({ open, clock, logger: silentLogger }),
    pass: (ms: number) => {
      monotonicMs += ms;
    },
    tries: () => tries,
  };
}

describe('a gate on a server', () => {
  it('is opened although the server does not answer, and then every call is told so', async () => {
    const { gate, tries } = rig([]);
    const opened = await gate();
    await expect(opened.balances()).rejects.toMatchObject({ code: 'TALLYGATE_GATE_UNAVAILABLE' });
    expect(tries()).toBe(1);
  });

  it('is tried again after a pause, once for all calls, and answers from then on', async () => {
    const { gate, pass, tries } = rig([() => Promise.reject(outage()), async () => memoryGate()]);
    const opened = await gate();
    pass(1_000);
    const calls = await Promise.allSettled([opened.balances(), opened.balances()]);
    expect(calls.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect.poll(() => opened.balances().catch(() => null)).toEqual([]);
    expect(tries()).toBe(2);
  });

  it('is not opened for what waiting cannot cure', async () => {
    const invalid = new TallygateError('TALLYGATE_CONFIGURATION_INVALID', { message: 'Redis evicts keys.' });
    await expect(rig([() => Promise.reject(invalid)]).gate()).rejects.toBe(invalid);
  });

  it('closes what opened at last, and is not tried again afterwards', async () => {
    const { gate, pass, tries } = rig([]);
    const opened = await gate();
    await opened.close();
    pass(5_000);
    await expect(opened.balances()).rejects.toMatchObject({ code: 'TALLYGATE_GATE_UNAVAILABLE' });
    expect(tries()).toBe(1);
  });
});

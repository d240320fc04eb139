import { type Budget, type Hold, silentLogger, TallygateError } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import type { Admission, AdmissionRequest } from './admit.ts';
import type { MeterOptions } from './meter-options.ts';
import type { MeterPorts } from './ports.ts';
import { admitWithoutGate } from './without-gate.ts';

const OUTAGE = new TallygateError('TALLYGATE_GATE_UNAVAILABLE', { message: 'Redis is away.' });

function budget(id: string, onOutage: Budget['onOutage']): Budget {
  const always = { scope: {}, period: 'month' as const, timeZone: 'UTC', limit: 1n };
  return { ...always, id, onOutage };
}

/** What was taken from which allowances, or the error that the call gets. */
async function admitted(
  budgets: Budget[],
  { mode = 'enforce', isAnnounced = true }: { mode?: 'enforce' | 'observe'; isAnnounced?: boolean } = {},
): Promise<string[]> {
  const taken: string[] = [];
  const admission = {
    attempt: { attemptId: 'a', callId: 'a', attemptNumber: 1 },
    attribution: { team: 't', feature: 'f', environment: 'e' },
    facts: { model: 'm' },
    configuration: { isKnown: true, snapshot: { budgets }, priceBook: { modelsByName: new Map() } },
    estimated: { expectedNanoUsd: 1n, worstNanoUsd: 2n },
    hold: null,
  } as unknown as Admission;
  const ports = {
    pinHold: () => ({ attemptId: 'a' }) as Hold,
    outageAllowance: {
      take: async (_hold, bounded) => void taken.push(...bounded.map(({ id }) => id)),
    },
  } satisfies Partial<MeterPorts> as unknown as MeterPorts;
  const options = { mode, logger: silentLogger } as MeterOptions;
  await admitWithoutGate(admission, { isAnnounced } as AdmissionRequest, ports, options, OUTAGE);
  return taken;
}

describe('a call that finds no gate', () => {
  it('takes from every allowance that covers it', async () => {
    const budgets = [budget('open', 'allow'), budget('one', 'allowance'), budget('two', 'allowance')];
    expect(await admitted(budgets)).toEqual(['one', 'two']);
  });

  it('is blocked by any budget that blocks, before anything is taken', async () => {
    await expect(admitted([budget('one', 'allowance'), budget('shut', 'block')])).rejects.toBe(OUTAGE);
  });

  it('is blocked by an allowance when nothing of it is written down before it is sent', async () => {
    await expect(admitted([budget('one', 'allowance')], { isAnnounced: false })).rejects.toBe(OUTAGE);
    expect(await admitted([budget('open', 'allow')], { isAnnounced: false })).toEqual([]);
  });

  it('is not kept from going on by a budget that observes', async () => {
    const budgets = [budget('one', 'allowance'), { ...budget('shut', 'block'), mode: 'observe' as const }];
    expect(await admitted(budgets)).toEqual(['one']);
  });

  it('goes on and takes nothing where budgets are only observed', async () => {
    expect(
      await admitted([budget('one', 'allowance'), budget('shut', 'block')], { mode: 'observe' }),
    ).toEqual([]);
  });
});

import { newAttemptId } from '@tallygate/usage';
import { describe, expect, test } from 'vitest';
import { ADMISSION } from './gate-admission.ts';
import { ALERTS } from './gate-alerts.ts';
import { CONFIGURATION } from './gate-configuration.ts';
import { EACH } from './gate-each.ts';
import { ENDINGS } from './gate-endings.ts';
import { type Guarantees, type OpenGate, type OpenWith, requestOf, snapshotOf } from './gate-fixtures.ts';
import { MEASURES } from './gate-measures.ts';
import { OVERRIDES } from './gate-overrides.ts';
import { POOL_TERMS } from './gate-pool-terms.ts';
import { POOLS } from './gate-pools.ts';
import { REBUILD } from './gate-rebuild.ts';
import { ROLLING } from './gate-rolling.ts';
import { TIME } from './gate-time.ts';
import { VELOCITY } from './gate-velocity.ts';

/**
 * What every BudgetGate promises, whatever it is made of. An implementation passes by handing in how to open an empty one.
 */
export function describeBudgetGate(name: string, open: OpenGate): void {
  const openWith: OpenWith = async (budgets, conditions = {}) => {
    const subject = await open(`org-${newAttemptId()}`, conditions);
    await subject.gate.publish(snapshotOf(subject.organization, 1, budgets));
    return subject;
  };
  const chapters: Record<string, Guarantees> = {
    admission: ADMISSION,
    measures: MEASURES,
    'the end of a hold': ENDINGS,
    time: TIME,
    configuration: CONFIGURATION,
    'one for each value': EACH,
    'rolling windows': ROLLING,
    pools: POOLS,
    'the terms of pools': POOL_TERMS,
    velocity: VELOCITY,
    overrides: OVERRIDES,
    alerts: ALERTS,
    rebuild: REBUILD,
    outage: OUTAGE,
  };
  describe.each(Object.entries(chapters))(`${name}: %s`, (_chapter, guarantees) => {
    test.each(Object.entries(guarantees))('%s', (_title, scenario) => scenario(openWith, open));
  });
}

const OUTAGE: Guarantees = {
  'a closed gate is in outage, and closing it twice is closing it': async (openWith) => {
    const { gate } = await openWith([]);
    await gate.close();
    await gate.close();
    const outage = { code: 'TALLYGATE_GATE_UNAVAILABLE' };
    await expect(gate.reserve(requestOf())).rejects.toMatchObject(outage);
    await expect(gate.balances()).rejects.toMatchObject(outage);
  },
};

import { type Alert, type Budget, type NanoUsd, newAttemptId, type Override } from '@tallygate/usage';
import { expect } from 'vitest';
import {
  budgetOf,
  DAY_MS,
  type GateUnderTest,
  type Guarantees,
  HOUR_MS,
  held,
  MINUTE_MS,
  START_MS,
  snapshotOf,
  usd,
} from './gate-fixtures.ts';

const OCTOBER_MS = Date.UTC(2026, 9, 1);
const KEY = `all:month:${OCTOBER_MS}`;

/** One call that cost so much. */
async function spend({ gate }: GateUnderTest, amountNanoUsd: NanoUsd, configVersion = 1): Promise<void> {
  const hold = await held(gate, { expectedNanoUsd: amountNanoUsd, enforce: false, configVersion });
  await gate.settle({ hold, amountNanoUsd });
}

/** What waits, as `<budget> <percent> <spent>`. */
async function announced({ gate }: GateUnderTest): Promise<string[]> {
  const waiting = await gate.outbox.waiting();
  return waiting.map(inWords).sort();
}

function inWords({ key, thresholdPercent, spent }: Alert): string {
  return `${key.split(':')[0]} ${thresholdPercent} ${spent}`;
}

async function publish(
  { gate, organization }: GateUnderTest,
  version: number,
  budgets: Budget[],
  ...overrides: Override[]
): Promise<void> {
  await gate.publish({ ...snapshotOf(organization, version, budgets), overrides });
}

/** Thresholds: each is announced once in its period, by the charge that reaches it. */
export const ALERTS: Guarantees = {
  'thresholds are announced in the charge that reaches them, with its numbers, and never again': async (
    openWith,
  ) => {
    const subject = await openWith([budgetOf('all', 1_000n)]);
    await spend(subject, 499n);
    expect(await announced(subject)).toEqual([]);
    await spend(subject, 1n);
    const common = { organization: subject.organization, key: KEY, limit: 1_000n };
    expect(await subject.gate.outbox.waiting()).toEqual([
      { ...common, thresholdPercent: 50, spent: 500n, crossedAtMs: START_MS },
    ]);
    await spend(subject, 420n);
    await spend(subject, 20n);
    await spend(subject, 9_000n);
    await spend(subject, 9_000n);
    expect(await announced(subject)).toEqual(['all 100 9940', 'all 50 500', 'all 75 920', 'all 90 920']);
  },

  'an end that is repeated, a release and a refused call announce nothing': async (openWith) => {
    const subject = await openWith([budgetOf('all', 1_000n)]);
    const { gate } = subject;
    await gate.release(await held(gate, { expectedNanoUsd: 900n }));
    const hold = await held(gate, { expectedNanoUsd: 600n });
    const first = await gate.settle({ hold, amountNanoUsd: 600n });
    await gate.outbox.remove(await gate.outbox.waiting());
    expect((await gate.settle({ hold, amountNanoUsd: 600n })).settlement).toEqual(first.settlement);
    expect(await announced(subject)).toEqual([]);
  },

  'a budget announces its own thresholds, also above its limit; none where it lists none or forbids everything':
    async (openWith) => {
      const subject = await openWith([
        budgetOf('own', 1_000n, { alerts: [1, 80, 150] }),
        budgetOf('silent', 1_000n, { alerts: [] }),
        budgetOf('nothing', 0n),
      ]);
      await spend(subject, 800n);
      expect(await announced(subject)).toEqual(['own 1 800', 'own 80 800']);
      await spend(subject, 700n);
      expect((await announced(subject)).at(-2)).toBe('own 150 1500');
    },

  'a threshold is a part of the exact limit: one nano below it is below it': async (openWith) => {
    const subject = await openWith([
      budgetOf('odd', 10n ** 18n + 1n, { alerts: [50] }),
      budgetOf('tiny', 1n, { alerts: [50], scope: { team: 'tiny' } }),
    ]);
    await spend(subject, 5n * 10n ** 17n);
    expect(await announced(subject)).toEqual([]);
    await spend(subject, 1n);
    expect(await announced(subject)).toEqual(['odd 50 500000000000000001']);
  },

  'every period announces anew, and a charge belongs to the period of its reserve': async (openWith) => {
    const subject = await openWith([budgetOf('daily', 1_000n, { period: 'day', alerts: [50] })]);
    const { gate, advanceMs } = subject;
    const late = await held(gate, { expectedNanoUsd: 1n, ttlMs: 2 * DAY_MS });
    await spend(subject, 499n);
    await advanceMs(DAY_MS);
    await spend(subject, 500n);
    await gate.settle({ hold: late, amountNanoUsd: 1n });
    const days = (await gate.outbox.waiting()).map(({ key }) => key).sort();
    const today = Date.UTC(2026, 9, 15);
    expect(days).toEqual([`daily:day:${today}`, `daily:day:${today + DAY_MS}`]);
  },

  'what was announced stays announced when the limit rises; when it falls, the next end of a call announces':
    async (openWith) => {
      const subject = await openWith([budgetOf('all', 1_000n)]);
      await spend(subject, 800n);
      await publish(subject, 2, [budgetOf('all', 4_000n)]);
      await spend(subject, 2_000n, 2);
      expect(await announced(subject)).toEqual(['all 50 800', 'all 75 800']);
      await publish(subject, 3, [budgetOf('all', 3_000n)]);
      await spend(subject, 0n, 3);
      expect(await announced(subject)).toEqual(['all 50 800', 'all 75 800', 'all 90 2800']);
    },

  'a grant in force raises what thresholds are measured by, until its end': async (openWith) => {
    const budgets = [budgetOf('all', 1_000n)];
    const subject = await openWith(budgets);
    const decision = { id: 'o1', fromMs: START_MS, untilMs: START_MS + HOUR_MS, who: 'ann', why: 'INC-9' };
    const grant: Override = { kind: 'grant', ...decision, budget: 'all', amount: 1_000n };
    await publish(subject, 2, budgets, grant, { ...grant, id: 'o2', untilMs: START_MS + MINUTE_MS });
    await spend(subject, 800n, 2);
    expect(await announced(subject)).toEqual([]);
    await subject.advanceMs(MINUTE_MS);
    await spend(subject, 300n, 2);
    expect(await subject.gate.outbox.waiting()).toMatchObject([{ thresholdPercent: 50, limit: 2_000n }]);
    await subject.advanceMs(HOUR_MS);
    await spend(subject, 0n, 2);
    expect(await announced(subject)).toEqual(['all 100 1100', 'all 50 1100', 'all 75 1100', 'all 90 1100']);
  },

  'who takes alerts has them alone for a while; what was not removed by then is given out again': async (
    openWith,
  ) => {
    const subject = await openWith([budgetOf('all', 1_000n)]);
    const { outbox } = subject.gate;
    await spend(subject, 800n);
    const [first] = await outbox.take(1, MINUTE_MS);
    const [second] = await outbox.take(9, MINUTE_MS);
    expect(await outbox.take(9, MINUTE_MS)).toEqual([]);
    expect([first, second].map((alert) => alert?.thresholdPercent).sort()).toEqual([50, 75]);
    await outbox.remove([first as Alert]);
    await outbox.put([second as Alert], 2 * MINUTE_MS);
    await subject.advanceMs(MINUTE_MS);
    expect(await outbox.take(9, MINUTE_MS)).toEqual([]);
    await subject.advanceMs(MINUTE_MS);
    expect(await outbox.take(9, MINUTE_MS)).toEqual([second]);
    await outbox.put([first as Alert], 0);
    expect((await outbox.waiting()).length).toBe(2);
    expect(await outbox.take(9, MINUTE_MS)).toEqual([first]);
  },

  'a rebuilt gate announces what was reached and nobody was told of, and nothing else': async (
    _openWith,
    open,
  ) => {
    const organization = `org-${newAttemptId()}`;
    const configuration = snapshotOf(organization, 7, [budgetOf('all', 1_000n), budgetOf('other', 1_000n)]);
    const september = Date.UTC(2026, 8, 1);
    const seed = {
      lastSeq: 3,
      totals: [
        { key: KEY, amount: 950n },
        { key: `other:month:${OCTOBER_MS}`, amount: 100n },
        { key: `all:month:${september}`, amount: 5_000n },
      ],
      announced: [
        { key: KEY, thresholdPercent: 50 },
        { key: KEY, thresholdPercent: 75 },
      ],
    };
    const subject = await open(organization, { configuration, seed });
    await subject.gate.balances();
    expect(await announced(subject)).toEqual(['all 90 950']);
    await spend(subject, 50n, 7);
    expect(await announced(subject)).toEqual(['all 100 1000', 'all 90 950']);
  },

  'many charges at once announce each threshold once': async (openWith) => {
    const subject = await openWith([budgetOf('all', usd('1'))]);
    await Promise.all(Array.from({ length: 200 }, () => spend(subject, usd('0.01'))));
    const percents = (await subject.gate.outbox.waiting()).map(({ thresholdPercent }) => thresholdPercent);
    expect(percents.sort((left, right) => left - right)).toEqual([50, 75, 90, 100]);
  },
};

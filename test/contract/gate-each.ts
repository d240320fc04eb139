import type { Attribution, NanoUsd } from '@tallygate/usage';
import { newAttemptId } from '@tallygate/usage';
import { expect } from 'vitest';
import {
  attributionOf,
  budgetOf,
  type GateUnderTest,
  type Guarantees,
  held,
  requestOf,
  START_MS,
  snapshotOf,
  usd,
} from './gate-fixtures.ts';

const ofUser = (userPseudonym: string | null): Attribution => ({
  ...attributionOf('support'),
  userPseudonym,
});
const perUser = budgetOf('per-user', usd('0.20'), { each: 'user' });
const MONTH_MS = Date.UTC(2026, 9, 1);

async function spentBy(
  { gate }: GateUnderTest,
  ...values: string[]
): Promise<[value: string | undefined, spent: NanoUsd, held: NanoUsd][]> {
  const balances = await gate.balances(values.map((value) => ({ budgetId: 'per-user', value })));
  return balances.map(({ budget, spent, held: heldNow }) => [budget.scope.user, spent, heldNow]);
}

/** One budget of the file that is one for each value of a dimension. */
export const EACH: Guarantees = {
  'each value has the whole limit, and one that has used it up denies itself alone': async (openWith) => {
    const { gate, ...subject } = await openWith([perUser]);
    for (let call = 0; call < 2; call += 1) await held(gate, { attribution: ofUser('u-1') });
    const reply = await gate.reserve(requestOf({ attribution: ofUser('u-1') }));
    expect(reply).toMatchObject({
      kind: 'denied',
      denial: { budgetId: 'per-user', scope: { user: 'u-1' }, held: usd('0.20') },
    });
    await held(gate, { attribution: ofUser('u-2') });
    const nothing = 0n;
    expect(await spentBy({ gate, ...subject }, 'u-1', 'u-2', 'u-3')).toEqual([
      ['u-1', nothing, usd('0.20')],
      ['u-2', nothing, usd('0.10')],
      ['u-3', nothing, nothing],
    ]);
  },

  'a charge goes to the value of its reserve, under a key that names it': async (openWith) => {
    const subject = await openWith([perUser]);
    const hold = await held(subject.gate, { attribution: ofUser('a:b|c@d,{e}') });
    const key = `per-user:month:${MONTH_MS}:a%3Ab%7Cc%40d%2C%7Be%7D`;
    expect(hold.entries.map((entry) => entry.key)).toEqual([key]);
    const { settlement } = await subject.gate.settle({ hold, amountNanoUsd: 7n });
    expect(settlement.entries).toEqual([{ key, amount: 7n }]);
    expect(await subject.gate.settle({ hold, amountNanoUsd: 7n })).toEqual({
      outcome: 'duplicate',
      settlement,
    });
    expect(await spentBy(subject, 'a:b|c@d,{e}')).toEqual([['a:b|c@d,{e}', 7n, 0n]]);
  },

  'two values that are long and begin alike do not share a budget': async (openWith) => {
    const subject = await openWith([perUser]);
    const [left, right] = [`${'x'.repeat(900)}1`, `${'x'.repeat(900)}2`];
    await held(subject.gate, { attribution: ofUser(left), expectedNanoUsd: usd('0.20') });
    await held(subject.gate, { attribution: ofUser(right), expectedNanoUsd: usd('0.20') });
    const again = await subject.gate.reserve(requestOf({ attribution: ofUser(left) }));
    expect(again.kind).toBe('denied');
  },

  'a call that names no value is not covered: nothing of it is held or charged there': async (openWith) => {
    const { gate } = await openWith([perUser, budgetOf('all', usd('100'))]);
    const hold = await held(gate, { attribution: ofUser(null), expectedNanoUsd: usd('50') });
    expect(hold.entries.map(({ key }) => key)).toEqual([`all:month:${MONTH_MS}`]);
  },

  'only calls of its scope have a budget each': async (openWith) => {
    const { gate } = await openWith([{ ...perUser, scope: { team: 'research' } }]);
    const hold = await held(gate, { attribution: ofUser('u-1'), expectedNanoUsd: usd('50') });
    expect(hold.entries).toEqual([]);
  },

  'every model that a batch asks for has to have room for it': async (openWith) => {
    const { gate } = await openWith([budgetOf('per-model', usd('0.20'), { each: 'model' })]);
    const models = ['claude-opus-5', 'claude-haiku-5', 'claude-opus-5'];
    const hold = await held(gate, { models, expectedNanoUsd: usd('0.15') });
    expect(hold.entries.map(({ key }) => key)).toEqual(
      ['claude-opus-5', 'claude-haiku-5'].map((model) => `per-model:month:${MONTH_MS}:${model}`),
    );
    const reply = await gate.reserve(requestOf({ models: ['claude-haiku-5'] }));
    expect(reply).toMatchObject({ kind: 'denied', denial: { scope: { model: 'claude-haiku-5' } } });
    await held(gate, { models: ['claude-sonnet-5'] });
  },

  'all or nothing: a value that has no room leaves the budgets of the others as they were': async (
    openWith,
  ) => {
    const subject = await openWith([budgetOf('all', usd('1')), perUser]);
    await held(subject.gate, { attribution: ofUser('u-1'), expectedNanoUsd: usd('0.20') });
    await subject.gate.reserve(requestOf({ attribution: ofUser('u-1') }));
    expect(await subject.gate.balances()).toMatchObject([{ held: usd('0.20') }]);
  },

  'balances name those that are one; of the others those that were asked for, in that order': async (
    openWith,
  ) => {
    const { gate } = await openWith([perUser, budgetOf('all', usd('1'))]);
    const ids = async (...only: Parameters<typeof gate.balances>) =>
      (await gate.balances(...only)).map(({ budget }) => [budget.id, budget.scope.user]);
    expect(await ids()).toEqual([['all', undefined]]);
    const unknown = [{ budgetId: 'gone' }, { budgetId: 'per-user' }, { budgetId: 'all', value: 'u-1' }];
    expect(await ids([{ budgetId: 'per-user', value: 'u-2' }, ...unknown, { budgetId: 'all' }])).toEqual([
      ['per-user', 'u-2'],
      ['all', undefined],
    ]);
    expect(await ids([])).toEqual([]);
  },

  'what the ledger knows of a value counts, also of one that calls for the first time after a loss': async (
    _openWith,
    open,
  ) => {
    const organization = `org-${newAttemptId()}`;
    const totals = [{ key: `per-user:month:${MONTH_MS}:u-1`, amount: usd('0.15') }];
    const configuration = snapshotOf(organization, 1, [perUser]);
    const subject = await open(organization, { configuration, seed: { lastSeq: 3, totals } });
    expect((await subject.gate.reserve(requestOf({ attribution: ofUser('u-1') }))).kind).toBe('denied');
    await held(subject.gate, { attribution: ofUser('u-2'), expectedNanoUsd: usd('0.20') });
    expect(await spentBy(subject, 'u-1', 'u-2')).toEqual([
      ['u-1', usd('0.15'), 0n],
      ['u-2', 0n, usd('0.20')],
    ]);
  },

  'a grant raises every one of them, or the one of a value': async (openWith) => {
    const { gate, organization } = await openWith([perUser]);
    const time = { fromMs: START_MS, untilMs: START_MS + 3_600_000, who: 'ops', why: 'launch' };
    const grant = { kind: 'grant' as const, ...time, budget: 'per-user', amount: usd('0.10') };
    const overrides = [
      { ...grant, id: 'of-all' },
      { ...grant, id: 'of-one', value: 'u-1' },
    ];
    await gate.publish({ ...snapshotOf(organization, 2, [perUser]), overrides });
    const most = async (user: string, amount: string) => {
      const parts = { attribution: ofUser(user), expectedNanoUsd: usd(amount), configVersion: 2 };
      return (await gate.reserve(requestOf(parts))).kind;
    };
    expect([await most('u-2', '0.31'), await most('u-2', '0.30')]).toEqual(['denied', 'held']);
    expect([await most('u-1', '0.41'), await most('u-1', '0.40')]).toEqual(['denied', 'held']);
  },
};

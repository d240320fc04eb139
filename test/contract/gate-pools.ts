import { type BudgetGate, type Hold, type NanoUsd, newAttemptId } from '@tallygate/usage';
import { expect } from 'vitest';
import {
  attributionOf,
  BUCKET_MS,
  budgetOf,
  counters,
  DAY_MS,
  type Guarantees,
  HOUR_MS,
  held,
  MINUTE_MS,
  RECORD_GRACE_MS,
  requestOf,
  START_MS,
} from './gate-fixtures.ts';

const OCTOBER_MS = Date.UTC(2026, 9, 1);
const SHARED = budgetOf('shared', 1_000n, { isPool: true });
const TEAM = budgetOf('team', 100n, { scope: { team: 'support' }, pool: 'shared' });
const ALL = [TEAM, SHARED];

const ask = (amount: NanoUsd, team = 'support') => ({
  attribution: attributionOf(team),
  expectedNanoUsd: amount,
});

/** Spent and held of the budgets, as "spent+held". */
async function standing(gate: BudgetGate): Promise<Record<string, string>> {
  const found = Object.entries(await counters(gate));
  return Object.fromEntries(found.map(([id, { spent, held: now }]) => [id, `${spent}+${now}`]));
}

function parts({ entries }: Hold) {
  return entries.map(({ key, expected, worst, paysUpTo, paysFrom }) => {
    const share = paysUpTo ?? paysFrom;
    return [key.split(':')[0], expected, worst, ...(share === undefined ? [] : [share])];
  });
}

/** A call that a budget lacks something for is held by it and by its pool, and each is charged its part. */
export const POOLS: Guarantees = {
  'what fits on the budget alone never touches its pool': async (openWith) => {
    const { gate } = await openWith(ALL);
    const hold = await held(gate, ask(100n));
    expect(parts(hold)).toEqual([['team', 100n, 100n]]);
    const { settlement } = await gate.settle({ hold, amountNanoUsd: 160n });
    expect(settlement.entries).toEqual([{ key: `team:month:${OCTOBER_MS}`, amount: 160n }]);
    expect(await standing(gate)).toEqual({ team: '160+0', shared: '0+0' });
  },

  'what has left the window of a budget frees it again, and stays with the pool that paid it': async (
    openWith,
  ) => {
    const team = { ...TEAM, period: 'rolling-60m' as const };
    const { gate, advanceMs } = await openWith([team, SHARED]);
    await gate.settle({ hold: await held(gate, ask(80n)), amountNanoUsd: 80n });
    await advanceMs(30 * MINUTE_MS);
    const shared = await held(gate, ask(50n));
    expect(parts(shared)).toEqual([
      ['team', 20n, 20n, 20n],
      ['shared', 30n, 30n, 20n],
    ]);
    await gate.settle({ hold: shared, amountNanoUsd: 50n });
    expect(await standing(gate)).toEqual({ team: '100+0', shared: '30+0' });
    await advanceMs(32 * MINUTE_MS);
    expect(await standing(gate)).toEqual({ team: '20+0', shared: '30+0' });
    expect(parts(await held(gate, ask(90n)))).toEqual([
      ['team', 80n, 80n, 80n],
      ['shared', 10n, 10n, 80n],
    ]);
    await advanceMs(30 * MINUTE_MS);
    expect(await standing(gate)).toEqual({ team: '0+0', shared: '30+0' });
  },

  'what is missing is held on the pool, and the budget pays its part first': async (openWith) => {
    const { gate } = await openWith(ALL);
    await held(gate, ask(70n));
    const [cheap, dear] = [await held(gate, ask(90n)), await held(gate, ask(40n))];
    expect(parts(cheap)).toEqual([
      ['team', 30n, 30n, 30n],
      ['shared', 60n, 60n, 30n],
    ]);
    expect(parts(dear)).toEqual([
      ['team', 0n, 0n, 0n],
      ['shared', 40n, 40n, 0n],
    ]);
    expect(await standing(gate)).toEqual({ team: '0+100', shared: '0+100' });
    const { outcome, settlement } = await gate.settle({ hold: cheap, amountNanoUsd: 45n });
    expect([outcome, ...settlement.entries]).toEqual([
      'settled',
      { key: `team:month:${OCTOBER_MS}`, amount: 30n },
      { key: `shared:month:${OCTOBER_MS}`, amount: 15n },
    ]);
    await gate.settle({ hold: dear, amountNanoUsd: 41n });
    expect(await standing(gate)).toEqual({ team: '30+70', shared: '56+0' });
  },

  'a charge within the part of the budget gives all of the pool back; one above the hold is the pool’s':
    async (openWith) => {
      const { gate } = await openWith(ALL);
      const [less, more] = [await held(gate, ask(150n)), await held(gate, ask(50n))];
      await gate.settle({ hold: less, amountNanoUsd: 20n });
      await gate.settle({ hold: more, amountNanoUsd: 5_000n });
      expect(await standing(gate)).toEqual({ team: '20+0', shared: '5000+0' });
      const released = await held(gate, { ...ask(100n), enforce: false });
      await gate.release(released);
      expect(await standing(gate)).toEqual({ team: '20+0', shared: '5000+0' });
    },

  'a denial says what is left on both, and holds nothing on either': async (openWith) => {
    const { gate } = await openWith([TEAM, { ...SHARED, limit: 50n }]);
    await held(gate, ask(120n));
    expect(await gate.reserve(requestOf(ask(31n)))).toMatchObject({
      kind: 'denied',
      denial: {
        ...{ budgetId: 'team', limit: 100n, spent: 0n, held: 100n, needed: 31n },
        pool: { budgetId: 'shared', limit: 50n, spent: 0n, held: 20n, needed: 31n },
      },
    });
    expect(await standing(gate)).toEqual({ team: '0+100', shared: '0+20' });
  },

  'all or nothing: where another budget refuses, nothing is held on the pool': async (openWith) => {
    const { gate } = await openWith([...ALL, budgetOf('all', 140n)]);
    const reply = await gate.reserve(requestOf(ask(150n)));
    expect(reply).toMatchObject({ kind: 'denied', denial: { budgetId: 'all', needed: 150n } });
    expect(reply.kind === 'denied' && reply.denial.pool).toBeUndefined();
    expect(await standing(gate)).toEqual({ team: '0+0', shared: '0+0', all: '0+0' });
    await held(gate, ask(130n));
    expect(await standing(gate)).toEqual({ team: '0+100', shared: '0+30', all: '0+130' });
  },

  'budgets share one pool, and whoever comes too late for it is denied': async (openWith) => {
    const other = budgetOf('other', 0n, { scope: { team: 'other' }, pool: 'shared' });
    const { gate } = await openWith([...ALL, other]);
    await held(gate, ask(700n, 'other'));
    await held(gate, ask(300n));
    const reply = await gate.reserve(requestOf(ask(101n, 'other')));
    expect(reply).toMatchObject({ kind: 'denied', denial: { pool: { held: 900n, needed: 101n } } });
    await held(gate, ask(100n, 'other'));
    expect(await standing(gate)).toEqual({ team: '0+100', shared: '0+1000', other: '0+0' });
  },

  'two budgets of one call that have one pool take from it once, as much as the one that lacks more': async (
    openWith,
  ) => {
    const feature = budgetOf('feature', 60n, { scope: { feature: 'chat' }, pool: 'shared' });
    const { gate } = await openWith([TEAM, feature, SHARED]);
    const hold = await held(gate, ask(130n));
    expect(parts(hold)).toEqual([
      ['team', 100n, 100n, 100n],
      ['feature', 60n, 60n, 60n],
      ['shared', 70n, 70n, 60n],
    ]);
    const { settlement } = await gate.settle({ hold, amountNanoUsd: 110n });
    expect(settlement.entries.map(({ amount }) => amount)).toEqual([100n, 60n, 50n]);
    expect(await standing(gate)).toEqual({ team: '100+0', feature: '60+0', shared: '50+0' });
  },

  'two budgets of one call with a pool each take from both': async (openWith) => {
    const feature = budgetOf('feature', 60n, { scope: { feature: 'chat' }, pool: 'second' });
    const second = budgetOf('second', 70n, { isPool: true, period: 'day' });
    const { gate } = await openWith([second, TEAM, feature, SHARED]);
    const hold = await held(gate, ask(130n));
    expect(await standing(gate)).toEqual({ second: '0+70', team: '0+100', feature: '0+60', shared: '0+30' });
    await gate.settle({ hold, amountNanoUsd: 90n });
    expect(await standing(gate)).toEqual({ second: '30+0', team: '90+0', feature: '60+0', shared: '0+0' });
  },

  'an end that is late, repeated, reopened or of nobody’s hold is shared as its hold was': async (
    openWith,
  ) => {
    const { gate, advanceMs } = await openWith(ALL);
    const late = await held(gate, { ...ask(140n), ttlMs: MINUTE_MS });
    await advanceMs(MINUTE_MS + BUCKET_MS);
    expect(await standing(gate)).toEqual({ team: '0+0', shared: '0+0' });
    const first = await gate.settle({ hold: late, amountNanoUsd: 120n });
    expect([first.outcome, ...first.settlement.entries.map(({ amount }) => amount)]).toEqual([
      ...['late', 100n, 20n],
    ]);
    const again = await gate.settle({ hold: { ...late, entries: [] }, amountNanoUsd: 7n });
    expect(again).toEqual({ outcome: 'duplicate', settlement: first.settlement });
    const released = await held(gate, ask(30n));
    await gate.release(released);
    const reopened = await gate.settle({ hold: released, amountNanoUsd: 25n });
    expect([reopened.outcome, ...reopened.settlement.entries.map(({ amount }) => amount)]).toEqual([
      ...['reopened', 0n, 25n],
    ]);
    const unknown = { ...late, attemptId: newAttemptId(), epoch: 'of-another-life' };
    const orphan = await gate.settle({ hold: unknown, amountNanoUsd: 103n });
    expect([orphan.outcome, ...orphan.settlement.entries.map(({ amount }) => amount)]).toEqual([
      ...['orphan', 100n, 3n],
    ]);
    expect(await standing(gate)).toEqual({ team: '200+0', shared: '48+0' });
  },

  'a reserve that is repeated has the same parts, before and after it was extended': async (openWith) => {
    const { gate, advanceMs } = await openWith(ALL);
    const request = requestOf({ ...ask(140n), ttlMs: MINUTE_MS });
    const first = await gate.reserve(request);
    if (first.kind !== 'held') throw new Error('not held');
    await held(gate, ask(20n));
    expect(await gate.reserve(request)).toEqual(first);
    const extended = await gate.extend(structuredClone(first.hold), HOUR_MS);
    expect(extended).toMatchObject({ kind: 'extended', hold: { entries: first.hold.entries } });
    await advanceMs(30 * MINUTE_MS);
    expect(await standing(gate)).toEqual({ team: '0+100', shared: '0+40' });
    await gate.settle({ hold: first.hold, amountNanoUsd: 130n });
    expect(await standing(gate)).toEqual({ team: '100+0', shared: '30+0' });
  },

  'each part belongs to the period of its own counter, as it was at the reserve': async (openWith) => {
    const { gate, advanceMs } = await openWith([{ ...TEAM, period: 'day' }, SHARED]);
    const hold = await held(gate, { ...ask(140n), ttlMs: DAY_MS });
    await advanceMs(DAY_MS);
    expect(await standing(gate)).toEqual({ team: '0+0', shared: '0+40' });
    const { settlement } = await gate.settle({ hold, amountNanoUsd: 140n });
    expect(settlement.entries).toEqual([
      { key: `team:day:${Date.UTC(2026, 9, 15)}`, amount: 100n },
      { key: `shared:month:${OCTOBER_MS}`, amount: 40n },
    ]);
    expect(await standing(gate)).toEqual({ team: '0+0', shared: '40+0' });
  },

  'a denied call may try again when either gives something back, if that can be enough': async (openWith) => {
    const { gate } = await openWith([
      { ...TEAM, period: 'day' },
      { ...SHARED, limit: 50n },
    ]);
    await held(gate, { ...ask(120n), ttlMs: 30 * MINUTE_MS });
    const sooner = await held(gate, { ...ask(20n), ttlMs: 5 * MINUTE_MS });
    const retry = async (amount: NanoUsd) => {
      const reply = await gate.reserve(requestOf(ask(amount)));
      return reply.kind === 'denied' && reply.denial.retryAtMs;
    };
    expect(await retry(60n)).toBe((sooner.expiryBucket + 1) * BUCKET_MS);
    expect(await retry(151n)).toBe(Date.UTC(2026, 9, 16));
    expect(START_MS + RECORD_GRACE_MS).toBeGreaterThan(Date.UTC(2026, 9, 16));
  },
};

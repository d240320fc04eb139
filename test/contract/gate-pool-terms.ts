import {
  type Budget,
  type BudgetGate,
  newAttemptId,
  type Override,
  type ReserveRequest,
} from '@tallygate/usage';
import { expect } from 'vitest';
import {
  attributionOf,
  budgetOf,
  counters,
  type Guarantees,
  HOUR_MS,
  held,
  requestOf,
  START_MS,
  snapshotOf,
} from './gate-fixtures.ts';

const SHARED = budgetOf('shared', 1_000n, { isPool: true });
const TEAM = budgetOf('team', 100n, { pool: 'shared' });

async function standing(gate: BudgetGate): Promise<Record<string, string>> {
  const found = Object.entries(await counters(gate));
  return Object.fromEntries(found.map(([id, { spent, held: now }]) => [id, `${spent}+${now}`]));
}

const asking = (expectedNanoUsd: bigint, worstNanoUsd: bigint, parts: Partial<ReserveRequest> = {}) =>
  requestOf({ expectedNanoUsd, worstNanoUsd, ...parts });

/** What else a budget or its pool may be: observed, granted more, with an overage, in another measure, one for each value. */
export const POOL_TERMS: Guarantees = {
  'an overage bounds the worst case, on the budget and on the pool, and the limit the expected one': async (
    openWith,
  ) => {
    const pool = { ...SHARED, limit: 40n, overageBasisPoints: 5_000 };
    const { gate } = await openWith([{ ...TEAM, overageBasisPoints: 2_000 }, pool]);
    const first = await held(gate, { expectedNanoUsd: 80n, worstNanoUsd: 130n });
    const amounts = first.entries.map(({ expected, worst, paysUpTo, paysFrom }) => [
      expected,
      worst,
      paysUpTo ?? paysFrom,
    ]);
    expect(amounts).toEqual([
      [80n, 120n, 120n],
      [0n, 10n, 120n],
    ]);
    expect(await gate.reserve(asking(61n, 61n))).toMatchObject({
      kind: 'denied',
      denial: { budgetId: 'team', limit: 100n, held: 80n, pool: { limit: 40n, held: 0n, needed: 61n } },
    });
    expect(await gate.reserve(asking(1n, 51n))).toMatchObject({
      kind: 'denied',
      denial: { limit: 120n, held: 120n, needed: 51n, pool: { limit: 60n, held: 10n, needed: 51n } },
    });
    await held(gate, { expectedNanoUsd: 40n, worstNanoUsd: 50n });
    await gate.settle({ hold: first, amountNanoUsd: 125n });
    expect(await standing(gate)).toEqual({ team: '120+0', shared: '5+50' });
  },

  'an expected cost above the worst one is shared by both tracks': async (openWith) => {
    const { gate } = await openWith([{ ...TEAM, limit: 7n }, SHARED]);
    const { entries } = await held(gate, { expectedNanoUsd: 10n, worstNanoUsd: 5n });
    expect(entries).toMatchObject([
      { expected: 7n, worst: 5n, paysUpTo: 7n },
      { expected: 3n, worst: 0n, paysFrom: 7n },
    ]);
  },

  'observed, a call that fits nowhere is held on its budget alone, and the pool gives no more than it has':
    async (openWith) => {
      const { gate } = await openWith([TEAM, { ...SHARED, limit: 50n }]);
      const observe = { enforce: false };
      expect(await gate.reserve(asking(140n, 140n, observe))).toMatchObject({ kind: 'held', wouldDeny: [] });
      expect(await standing(gate)).toEqual({ team: '0+100', shared: '0+40' });
      const reply = await gate.reserve(asking(20n, 20n, observe));
      expect(reply).toMatchObject({
        kind: 'held',
        wouldDeny: [{ budgetId: 'team', enforced: false, pool: { held: 40n, needed: 20n } }],
      });
      if (reply.kind !== 'held') throw new Error('not held');
      expect(await standing(gate)).toEqual({ team: '0+120', shared: '0+40' });
      await gate.settle({ hold: reply.hold, amountNanoUsd: 20n });
      expect(await standing(gate)).toEqual({ team: '20+100', shared: '0+40' });
    },

  'a budget that only observes takes from its pool as it would enforcing, and denies nobody without': async (
    openWith,
  ) => {
    const trial = budgetOf('trial', 10n, { mode: 'observe', pool: 'shared' });
    const { gate } = await openWith([trial, TEAM, { ...SHARED, limit: 60n }]);
    await held(gate, { expectedNanoUsd: 60n });
    expect(await standing(gate)).toEqual({ trial: '0+10', team: '0+60', shared: '0+50' });
    const reply = await gate.reserve(asking(45n, 45n));
    expect(reply).toMatchObject({ kind: 'held', wouldDeny: [{ budgetId: 'trial' }] });
    expect(await standing(gate)).toEqual({ trial: '0+55', team: '0+100', shared: '0+55' });
  },

  'tokens and requests are shared like money': async (openWith) => {
    const words = budgetOf('words', 100n, { measure: 'tokens', pool: 'more-words' });
    const moreWords = budgetOf('more-words', 50n, { measure: 'tokens', isPool: true });
    const calls = budgetOf('calls', 1n, { measure: 'requests', pool: 'more-calls' });
    const moreCalls = budgetOf('more-calls', 5n, { measure: 'requests', isPool: true });
    const { gate } = await openWith([words, calls, moreWords, moreCalls]);
    const tokens = { expected: 100n, worst: 120n };
    const hold = await held(gate, { tokens, requests: 3n });
    expect(await standing(gate)).toEqual({
      ...{ words: '0+100', calls: '0+1', 'more-words': '0+20', 'more-calls': '0+2' },
    });
    const denied = await gate.reserve(requestOf({ tokens: { expected: 1n, worst: 31n } }));
    expect(denied).toMatchObject({ denial: { measure: 'tokens', pool: { needed: 31n, held: 20n } } });
    await gate.settle({ hold, amountNanoUsd: 7n, tokens: 110n, requests: 2n });
    expect(await standing(gate)).toEqual({
      ...{ words: '100+0', calls: '1+0', 'more-words': '10+0', 'more-calls': '1+0' },
    });
  },

  'every value of a budget with each falls back on the one pool': async (openWith) => {
    const { gate } = await openWith([
      { ...TEAM, each: 'user' },
      { ...SHARED, limit: 50n },
    ]);
    const by = (userPseudonym: string) => ({ attribution: { ...attributionOf('support'), userPseudonym } });
    await held(gate, { ...by('u-1'), expectedNanoUsd: 130n });
    const hold = await held(gate, { ...by('u-2'), expectedNanoUsd: 120n });
    expect(hold.entries.map(({ key }) => key.split(':').at(-1))).toEqual([
      'u-2',
      String(Date.UTC(2026, 9, 1)),
    ]);
    expect(await gate.reserve(asking(1n, 1n, by('u-2')))).toMatchObject({
      denial: { budgetId: 'team', scope: { user: 'u-2' }, pool: { budgetId: 'shared', held: 50n } },
    });
    await held(gate, { ...by('u-3'), expectedNanoUsd: 100n });
    const [first, second] = await gate.balances([{ budgetId: 'team', value: 'u-1' }, { budgetId: 'shared' }]);
    expect([first?.held, second?.held]).toEqual([100n, 50n]);
  },

  'a grant of the pool raises what it can give, until its end': async (openWith) => {
    const { gate, organization, advanceMs } = await openWith([TEAM, { ...SHARED, limit: 0n }]);
    const decision = { id: 'o1', fromMs: START_MS, untilMs: START_MS + HOUR_MS, who: 'ann', why: 'INC-9' };
    const grant: Override = { kind: 'grant', ...decision, budget: 'shared', amount: 30n };
    const configuration = snapshotOf(organization, 2, [TEAM, { ...SHARED, limit: 0n }]);
    await gate.publish({ ...configuration, overrides: [grant] });
    const second = { configVersion: 2 };
    await held(gate, { ...second, expectedNanoUsd: 130n });
    expect(await gate.reserve(asking(1n, 1n, second))).toMatchObject({ denial: { pool: { limit: 30n } } });
    await advanceMs(HOUR_MS);
    expect(await gate.reserve(asking(101n, 101n, second))).toMatchObject({ denial: { pool: { limit: 0n } } });
  },

  'budget and pool announce their own thresholds, each at its own limit': async (openWith) => {
    const { gate } = await openWith([TEAM, { ...SHARED, alerts: [10] }]);
    const hold = await held(gate, { expectedNanoUsd: 300n });
    await gate.settle({ hold, amountNanoUsd: 200n });
    const waiting = await gate.outbox.waiting();
    expect(
      waiting
        .map(({ key, thresholdPercent, spent, limit }) =>
          [key.split(':')[0], thresholdPercent, spent, limit].join(' '),
        )
        .sort(),
    ).toEqual([
      'shared 10 100 1000',
      'team 100 100 100',
      'team 50 100 100',
      'team 75 100 100',
      'team 90 100 100',
    ]);
  },

  'counters of pools begin with what the ledger knows': async (_openWith, open) => {
    const organization = `org-${newAttemptId()}`;
    const seed = { lastSeq: 41, totals: [{ key: `shared:month:${Date.UTC(2026, 9, 1)}`, amount: 990n }] };
    const { gate } = await open(organization, {
      seed,
      configuration: snapshotOf(organization, 1, [TEAM, SHARED]),
    });
    expect(await gate.reserve(asking(111n, 111n))).toMatchObject({
      denial: { pool: { spent: 990n, needed: 11n } },
    });
    await held(gate, { expectedNanoUsd: 110n });
  },

  'a pool that is none, has one itself or counts something else does not go live': async (openWith) => {
    const { gate, organization } = await openWith([TEAM, SHARED]);
    const invalid = { code: 'TALLYGATE_CONFIGURATION_INVALID' };
    const wrong: Budget[][] = [
      [TEAM],
      [TEAM, budgetOf('shared', 1n)],
      [{ ...SHARED, pool: 'shared' }],
      [TEAM, { ...SHARED, measure: 'requests' }],
    ];
    for (const budgets of wrong)
      await expect(gate.publish(snapshotOf(organization, 2, budgets))).rejects.toMatchObject(invalid);
  },
};

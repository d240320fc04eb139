import type { ConfigurationSnapshot, Override } from '@tallygate/usage';
import { expect } from 'vitest';
import {
  budgetOf,
  type GateUnderTest,
  type Guarantees,
  HOUR_MS,
  held,
  MINUTE_MS,
  requestOf,
  START_MS,
  snapshotOf,
  usd,
} from './gate-fixtures.ts';

const BUDGETS = [budgetOf('all', usd('0.15')), budgetOf('other', usd('0.05'), { scope: { team: 'other' } })];
const DECISION = { id: 'o1', fromMs: START_MS, untilMs: START_MS + HOUR_MS, who: 'ann', why: 'INC-9' };
const GRANT: Override = { kind: 'grant', ...DECISION, budget: 'all', amount: usd('0.10') };
const PAUSE: Override = { kind: 'pause', ...DECISION, id: 'o2', feature: 'chat' };
const OBSERVE: Override = { kind: 'observe', ...DECISION, id: 'o3' };

const withOverrides = (organization: string, ...overrides: Override[]): ConfigurationSnapshot => ({
  ...snapshotOf(organization, 2, BUDGETS),
  overrides,
});

async function decide({ gate, organization }: GateUnderTest, ...overrides: Override[]): Promise<void> {
  await gate.publish(withOverrides(organization, ...overrides));
}

/** What was decided beside the file, for a time. Every request here is one of version 2. */
export const OVERRIDES: Guarantees = {
  'a grant raises the limit of its budget until its end, and not a call longer': async (openWith) => {
    const subject = await openWith(BUDGETS);
    const { gate, advanceMs } = subject;
    await held(gate);
    expect((await gate.reserve(requestOf())).kind).toBe('denied');
    await decide(subject, GRANT);
    await held(gate, { configVersion: 2 });
    expect(await gate.reserve(requestOf({ configVersion: 2 }))).toMatchObject({
      kind: 'denied',
      denial: { limit: usd('0.25'), reason: 'limit', configVersion: 2 },
    });
    expect((await gate.balances()).map(({ budget }) => budget.limit)).toEqual([usd('0.25'), usd('0.05')]);
    await advanceMs(HOUR_MS - 1);
    await held(gate, { configVersion: 2 });
    await advanceMs(1);
    expect(await gate.reserve(requestOf({ configVersion: 2 }))).toMatchObject({
      kind: 'denied',
      denial: { limit: usd('0.15') },
    });
    expect((await gate.balances()).map(({ budget }) => budget.limit)).toEqual([usd('0.15'), usd('0.05')]);
  },

  'grants of one budget add up, and none touches another budget': async (openWith) => {
    const subject = await openWith(BUDGETS);
    await decide(subject, GRANT, { ...GRANT, id: 'o9', untilMs: START_MS + MINUTE_MS });
    const limits = (await subject.gate.balances()).map(({ budget }) => budget.limit);
    expect(limits).toEqual([usd('0.35'), usd('0.05')]);
  },

  'a paused feature is denied for that reason and holds nothing; others go on; at the end it goes on by itself':
    async (openWith) => {
      const subject = await openWith(BUDGETS);
      const { gate, advanceMs, nowMs } = subject;
      await decide(subject, PAUSE);
      const request = requestOf({ configVersion: 2, expectedNanoUsd: 0n });
      expect(await gate.reserve(request)).toMatchObject({
        kind: 'denied',
        denial: { reason: 'paused', budgetId: 'o2', retryAtMs: PAUSE.untilMs, atMs: nowMs(), enforced: true },
      });
      expect((await gate.balances()).map(({ held }) => held)).toEqual([0n, 0n]);
      const elsewhere = { ...requestOf().attribution, feature: 'search' };
      await held(gate, { configVersion: 2, attribution: elsewhere });
      await advanceMs(HOUR_MS);
      expect((await gate.reserve(request)).kind).toBe('held');
    },

  'a pause that is only observed is recorded, and the call goes on': async (openWith) => {
    const subject = await openWith(BUDGETS);
    await decide(subject, PAUSE);
    expect(await subject.gate.reserve(requestOf({ configVersion: 2, enforce: false }))).toMatchObject({
      kind: 'held',
      wouldDeny: [{ reason: 'paused', enforced: false }],
    });
  },

  'an attempt that was admitted keeps its hold when its feature is paused afterwards': async (openWith) => {
    const subject = await openWith(BUDGETS);
    const request = requestOf();
    const first = await subject.gate.reserve(request);
    await decide(subject, PAUSE);
    expect(await subject.gate.reserve({ ...request, configVersion: 2 })).toEqual(first);
  },

  'an observing gate admits and says who would have been denied, and enforces again by itself': async (
    openWith,
  ) => {
    const subject = await openWith(BUDGETS);
    const { gate, advanceMs } = subject;
    await decide(subject, OBSERVE, PAUSE);
    const tooMuch = { configVersion: 2, expectedNanoUsd: usd('0.16') };
    expect(await gate.reserve(requestOf(tooMuch))).toMatchObject({
      kind: 'held',
      wouldDeny: [
        { reason: 'paused', enforced: false },
        { reason: 'limit', budgetId: 'all', enforced: false },
      ],
    });
    await advanceMs(HOUR_MS);
    expect((await gate.reserve(requestOf(tooMuch))).kind).toBe('denied');
  },

  'overrides come back as they were published, and a grant of nothing does not go live': async (openWith) => {
    const subject = await openWith(BUDGETS);
    const ended: Override = { ...PAUSE, endedEarly: { who: 'bob', why: 'fixed' } };
    const invalid = { code: 'TALLYGATE_CONFIGURATION_INVALID' };
    await expect(decide(subject, { ...GRANT, amount: 0n })).rejects.toMatchObject(invalid);
    await decide(subject, GRANT, ended, OBSERVE);
    expect((await subject.gate.configuration()).overrides).toEqual([GRANT, ended, OBSERVE]);
  },

  'the gate tells the instant that it goes by': async (openWith) => {
    const { gate, nowMs, advanceMs } = await openWith(BUDGETS);
    expect(await gate.nowMs()).toBe(nowMs());
    await advanceMs(HOUR_MS);
    expect(await gate.nowMs()).toBe(nowMs());
  },
};

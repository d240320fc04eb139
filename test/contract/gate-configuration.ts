import { NANO_USD_MAX, newAttemptId } from '@tallygate/usage';
import { expect } from 'vitest';
import { budgetOf, counters, type Guarantees, held, requestOf, snapshotOf, usd } from './gate-fixtures.ts';

const SEED = {
  lastSeq: 41,
  totals: [
    { key: `all:month:${Date.UTC(2026, 9, 1)}`, amount: usd('0.95') },
    { key: `all:month:${Date.UTC(2026, 8, 1)}`, amount: usd('77') },
    { key: `gone:day:${Date.UTC(2026, 9, 15)}`, amount: usd('3') },
  ],
};
const SEEDED: Guarantees = {
  'what the ledger has settled is spent, the sequence goes on, and the configuration is live': async (
    _openWith,
    open,
  ) => {
    const organization = `org-${newAttemptId()}`;
    const configuration = snapshotOf(organization, 7, [budgetOf('all', usd('1'))]);
    const { gate } = await open(organization, { seed: SEED, configuration });
    expect((await gate.configuration()).version).toBe(7);
    expect(await counters(gate)).toEqual({ all: { spent: usd('0.95'), held: 0n } });
    const atSeven = { configVersion: 7, expectedNanoUsd: usd('0.05') };
    const hold = await held(gate, atSeven);
    expect((await gate.reserve(requestOf({ ...atSeven, expectedNanoUsd: 1n }))).kind).toBe('denied');
    expect((await gate.settle({ hold, amountNanoUsd: usd('0.05') })).settlement.seq).toBe(42);
    expect(await counters(gate)).toEqual({ all: { spent: usd('1'), held: 0n } });
  },
};

/** Which budgets are live, and since when. */
const PLAIN: Guarantees = {
  'before anything is published version 0 is live and nothing is budgeted': async (_openWith, open) => {
    const { gate, organization } = await open(`org-${newAttemptId()}`, {});
    expect(await gate.configuration()).toEqual(snapshotOf(organization, 0, []));
    expect(await gate.balances()).toEqual([]);
    expect((await gate.reserve(requestOf({ configVersion: 0 }))).kind).toBe('held');
  },

  'features, prices and contract prices come back as they were published, in the order and the digits they were written':
    async (openWith) => {
      const { gate, organization } = await openWith([]);
      const prices = {
        features: [{ id: 'summary', onLeave: 'drain' as const, drainSeconds: 60, drainMegabytes: 32 }],
        priceBook: {
          version: 1,
          prices: [
            { priceId: 'b', input: '0.10' },
            { priceId: 'a', empty: [] },
          ],
          none: null,
        },
        contractPrices: [{ id: 'frame', discountPercent: '12.50', model: null, source: 'ü “order form”' }],
      };
      await gate.publish({ ...snapshotOf(organization, 2, []), ...prices });
      const live = await gate.configuration();
      expect(live).toEqual({ ...snapshotOf(organization, 2, []), ...prices });
      expect(JSON.stringify(live.priceBook)).toBe(JSON.stringify(prices.priceBook));
      await gate.publish(snapshotOf(organization, 3, []));
      expect(await gate.configuration()).not.toHaveProperty('contractPrices');
    },

  'a change is in force with the next call: one computed with another version is told so, and nothing is written':
    async (openWith) => {
      const { gate, organization } = await openWith([budgetOf('all', usd('1'))]);
      const hold = await held(gate);
      await gate.publish(snapshotOf(organization, 2, [budgetOf('all', usd('0.15'))]));
      const request = requestOf();
      expect(await gate.reserve(request)).toEqual({ kind: 'outdated', version: 2 });
      expect(await gate.reserve({ ...request, configVersion: 3 })).toEqual({ kind: 'outdated', version: 2 });
      expect(await counters(gate)).toEqual({ all: { spent: 0n, held: usd('0.10') } });
      expect(await gate.reserve({ ...request, configVersion: 2 })).toMatchObject({
        kind: 'denied',
        denial: { limit: usd('0.15'), held: usd('0.10') },
      });
      expect((await gate.settle({ hold, amountNanoUsd: 1n })).outcome).toBe('settled');
      expect((await gate.reserve({ ...request, configVersion: 2 })).kind).toBe('held');
    },

  'a known attempt gets its first answer again even when the configuration has changed since': async (
    openWith,
  ) => {
    const { gate, organization } = await openWith([budgetOf('all', usd('1'))]);
    const request = requestOf();
    const first = await gate.reserve(request);
    await gate.publish(snapshotOf(organization, 2, []));
    expect(await gate.reserve(request)).toEqual(first);
  },

  'a version that does not follow the live one is refused, and of two publishers one wins': async (
    openWith,
  ) => {
    const { gate, organization } = await openWith([]);
    const outdated = { code: 'TALLYGATE_CONFIGURATION_OUTDATED' };
    for (const version of [0, 1, 3]) {
      const snapshot = snapshotOf(organization, version, [budgetOf('late', usd('1'))]);
      await expect(gate.publish(snapshot)).rejects.toMatchObject(outdated);
    }
    const rivals = ['left', 'right'].map((id) =>
      gate.publish(snapshotOf(organization, 2, [budgetOf(id, 1n)])),
    );
    const results = await Promise.allSettled(rivals);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  },

  'repeating a publication whose answer was lost is no conflict': async (openWith) => {
    const { gate, organization } = await openWith([]);
    const snapshot = snapshotOf(organization, 2, [budgetOf('all', usd('1'))]);
    await gate.publish(snapshot);
    await gate.publish(snapshot);
    expect(await gate.configuration()).toEqual(snapshot);
  },

  'a budget that is renamed begins anew, and one that returns continues': async (openWith) => {
    const { gate, organization } = await openWith([budgetOf('old', usd('1'))]);
    await gate.settle({ hold: await held(gate), amountNanoUsd: usd('0.40') });
    await gate.publish(snapshotOf(organization, 2, [budgetOf('new', usd('1'))]));
    expect(await counters(gate)).toEqual({ new: { spent: 0n, held: 0n } });
    await gate.publish(snapshotOf(organization, 3, [budgetOf('old', usd('1'))]));
    expect(await counters(gate)).toEqual({ old: { spent: usd('0.40'), held: 0n } });
  },
};

const NO_SNAPSHOTS = {
  'two budgets of one id': [budgetOf('all', 1n), budgetOf('all', 2n)],
  'a negative limit': [budgetOf('all', -1n)],
  'a limit beyond Int64': [budgetOf('all', NANO_USD_MAX + 1n)],
  'an id that cannot be part of a key': [budgetOf('all:of', 1n)],
};

const REFUSED: Guarantees = Object.fromEntries(
  Object.entries(NO_SNAPSHOTS).map(([what, budgets]) => [
    `a snapshot with ${what} does not go live`,
    async (openWith) => {
      const { gate, organization } = await openWith([]);
      const invalid = { code: 'TALLYGATE_CONFIGURATION_INVALID' };
      await expect(gate.publish(snapshotOf(organization, 2, budgets))).rejects.toMatchObject(invalid);
      await expect(gate.publish(snapshotOf('other', 2, []))).rejects.toMatchObject(invalid);
      expect((await gate.configuration()).version).toBe(1);
    },
  ]),
);

export const CONFIGURATION: Guarantees = { ...PLAIN, ...SEEDED, ...REFUSED };

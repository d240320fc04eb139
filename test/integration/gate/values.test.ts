import type { GateSeed } from '@tallygate/gate';
import type { BudgetGate, SettledSelection, SettledTotal } from '@tallygate/usage';
import { describe, expect, test } from 'vitest';
import { attributionOf, budgetOf, held, requestOf, snapshotOf, usd } from '../../contract/gate-fixtures.ts';
import { connectDirectly, loseEverything, newOrganization, openGate } from './redis-fixtures.ts';

/** A budget with `each` has a counter for each value. Whatever their number, a loss asks the ledger for a bounded part of them. */
describe('counters of single values', () => {
  const perUser = budgetOf('per-user', usd('0.20'), { each: 'user' });
  const monthMs = Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth());
  const keyOf = (user: string) => `per-user:month:${monthMs}:${user}`;
  const ofUser = (userPseudonym: string) => ({ attribution: { ...attributionOf('support'), userPseudonym } });

  /** A ledger that knows what these users were charged, and says so of `told` of them at once. */
  const createLedger = (users: readonly string[], told = users.length) => {
    const asked: (SettledSelection | undefined)[] = [];
    const all: SettledTotal[] = users.map((user) => ({ key: keyOf(user), amount: usd('0.15') }));
    const seed = async (selection?: SettledSelection): Promise<GateSeed> => {
      asked.push(selection);
      if (selection === undefined) return { lastSeq: 7, totals: [] };
      if ('keys' in selection)
        return { lastSeq: 7, totals: all.filter(({ key }) => selection.keys.includes(key)) };
      return { lastSeq: 7, totals: all.slice(0, told), values: all.length };
    };
    return { asked, seed };
  };

  const openLost = async (ledger: ReturnType<typeof createLedger>) => {
    const organization = newOrganization();
    const gate = await openGate({ organization, seed: ledger.seed });
    await gate.publish(snapshotOf(organization, 1, [perUser]));
    await gate.configuration();
    await loseEverything(connectDirectly(), organization);
    await gate.nowMs();
    ledger.asked.length = 0;
    return gate;
  };
  const mostOf = async (gate: BudgetGate, user: string) =>
    (await gate.reserve(requestOf({ ...ofUser(user), expectedNanoUsd: usd('0.10') }))).kind;

  test('are put back at once where they are few; then no value waits for the ledger, known or new', async () => {
    const ledger = createLedger(['u-1', 'u-2']);
    const gate = await openLost(ledger);
    expect(await mostOf(gate, 'u-1')).toBe('denied');
    expect(await mostOf(gate, 'u-3')).toBe('held');
    const hold = await held(gate, { ...ofUser('u-4'), expectedNanoUsd: usd('0.20') });
    expect((await gate.settle({ hold, amountNanoUsd: usd('0.20') })).outcome).toBe('settled');
    expect(ledger.asked).toEqual([]);
  });

  test('where they are many each is asked for alone, when its first call comes', async () => {
    const ledger = createLedger(['u-1', 'u-2', 'u-3'], 1);
    const gate = await openLost(ledger);
    expect(await mostOf(gate, 'u-1')).toBe('denied');
    expect(ledger.asked).toEqual([]);
    expect(await mostOf(gate, 'u-3')).toBe('denied');
    expect(await mostOf(gate, 'u-9')).toBe('held');
    expect(await mostOf(gate, 'u-9')).toBe('held');
    expect(ledger.asked).toEqual([{ keys: [keyOf('u-3')] }, { keys: [keyOf('u-9')] }]);
  });

  test('a crowd whose counters are all missing is asked for in a few questions, and nobody is turned away', async () => {
    const users = Array.from({ length: 300 }, (_none, index) => `u-${index}`);
    const ledger = createLedger(users, 1);
    const gate = await openLost(ledger);
    const kinds = await Promise.all(users.map((user) => mostOf(gate, user)));
    expect(new Set(kinds)).toEqual(new Set(['denied']));
    expect(ledger.asked.length).toBeLessThan(30);
  });

  test('without a ledger those of a budget that is new begin at zero', async () => {
    const organization = newOrganization();
    const gate = await openGate({ organization });
    await gate.publish(snapshotOf(organization, 1, [perUser]));
    expect(await mostOf(gate, 'u-1')).toBe('held');
  });

  test('leases hold for one value what its calls need, and nothing of another', async () => {
    const organization = newOrganization();
    const leases = { ttlMs: 60_000, fromCalls: 0 };
    const gate = await openGate({ organization, leases, seed: createLedger([]).seed });
    const observer = await openGate({ organization });
    const budget = { ...perUser, limit: usd('100') };
    await gate.publish(snapshotOf(organization, 1, [budget]));
    for (let call = 0; call < 20; call += 1) await held(gate, ofUser('u-1'));
    await held(gate, ofUser('u-2'));
    const named = ['u-1', 'u-3'].map((value) => ({ budgetId: 'per-user', value }));
    const [leased, other] = await observer.balances(named);
    expect(leased?.held).toBeGreaterThan(usd('2'));
    expect(other?.held).toBe(0n);
    await gate.balances();
    expect(await observer.balances(named)).toMatchObject([{ held: usd('2') }, { held: 0n }]);
  });
});

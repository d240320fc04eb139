import { type Hold, newAttemptId } from '@tallygate/usage';
import { expect } from 'vitest';
import {
  budgetOf,
  counters,
  type Guarantees,
  held,
  MINUTE_MS,
  requestOf,
  snapshotOf,
  usd,
} from './gate-fixtures.ts';

/** Budgets in tokens and in requests, beside those in USD. */
const IN_ALL = [
  budgetOf('money', usd('1')),
  budgetOf('words', 2_000_000n, { measure: 'tokens' }),
  budgetOf('calls', 3n, { measure: 'requests', period: 'day' }),
];
const TOKENS = { expected: 300_000n, worst: 900_000n };
const NOTHING = { spent: 0n, held: 0n };

export const MEASURES: Guarantees = {
  'each budget holds and is charged what it counts: dollars, tokens, requests': async (openWith) => {
    const { gate } = await openWith(IN_ALL);
    const hold = await held(gate, { tokens: TOKENS });
    expect(hold.entries).toMatchObject([
      { key: `money:month:${Date.UTC(2026, 9, 1)}`, expected: usd('0.10'), worst: usd('0.10') },
      { key: `words:tokens.month:${Date.UTC(2026, 9, 1)}`, ...TOKENS },
      { key: `calls:requests.day:${Date.UTC(2026, 9, 15)}`, expected: 1n, worst: 1n },
    ]);
    await held(gate, { tokens: TOKENS, requests: 2n });
    expect(await counters(gate)).toEqual({
      money: { spent: 0n, held: usd('0.20') },
      words: { spent: 0n, held: 1_800_000n },
      calls: { spent: 0n, held: 3n },
    });
    const reply = await gate.settle({ hold, amountNanoUsd: 7n, tokens: 12_345n });
    expect(reply.settlement.entries.map(({ amount }) => amount)).toEqual([7n, 12_345n, 1n]);
    expect(await counters(gate)).toEqual({
      money: { spent: 7n, held: usd('0.10') },
      words: { spent: 12_345n, held: 900_000n },
      calls: { spent: 1n, held: 2n },
    });
  },

  'a denial says what its numbers are in': async (openWith) => {
    const { gate } = await openWith(IN_ALL);
    await held(gate, { tokens: TOKENS });
    await held(gate, { tokens: TOKENS });
    const words = { budgetId: 'words', measure: 'tokens', limit: 2_000_000n, held: 1_800_000n };
    expect(await gate.reserve(requestOf({ tokens: TOKENS }))).toMatchObject({
      kind: 'denied',
      denial: { ...words, needed: 900_000n },
    });
    const few = { expected: 0n, worst: 0n };
    const calls = { budgetId: 'calls', measure: 'requests', limit: 3n, held: 2n, needed: 2n };
    expect(await gate.reserve(requestOf({ tokens: few, requests: 2n }))).toMatchObject({
      kind: 'denied',
      denial: calls,
    });
  },

  'a call that does not tell its tokens is refused where a budget counts them: that is not none': async (
    openWith,
  ) => {
    const { gate } = await openWith(IN_ALL);
    const invalid = { code: 'TALLYGATE_REQUEST_INVALID' };
    await expect(gate.reserve(requestOf())).rejects.toMatchObject(invalid);
    const hold = await held(gate, { tokens: TOKENS });
    await expect(gate.settle({ hold, amountNanoUsd: 7n })).rejects.toMatchObject(invalid);
    expect(await counters(gate)).toEqual({
      money: { spent: 0n, held: usd('0.10') },
      words: { spent: 0n, held: 900_000n },
      calls: { spent: 0n, held: 1n },
    });
  },

  'whoever has the hold ends it in every measure, once': async (openWith) => {
    const { gate } = await openWith(IN_ALL);
    const copies: Hold[] = [];
    for (let call = 0; call < 2; call++) copies.push(structuredClone(await held(gate, { tokens: TOKENS })));
    const [settled, released] = copies as [Hold, Hold];
    const charge = { amountNanoUsd: 7n, tokens: 5n };
    const first = await gate.settle({ hold: settled, ...charge });
    const again = await gate.settle({ hold: settled, amountNanoUsd: 8n, tokens: 9n });
    expect(again).toEqual({ outcome: 'duplicate', settlement: first.settlement });
    expect((await gate.extend(released, 30 * MINUTE_MS)).kind).toBe('extended');
    const none = await gate.release(released);
    expect(none.settlement.entries.map(({ amount }) => amount)).toEqual([0n, 0n, 0n]);
    expect(await counters(gate)).toEqual({
      money: { spent: 7n, held: 0n },
      words: { spent: 5n, held: 0n },
      calls: { spent: 1n, held: 0n },
    });
    const late = { ...released, attemptId: `${released.attemptId}-late`, epoch: 'outage' };
    expect((await gate.settle({ hold: late, ...charge })).outcome).toBe('orphan');
    expect((await counters(gate))['words']).toEqual({ spent: 10n, held: 0n });
  },

  'a budget that changes its measure begins another counter, and an overage is in it too': async (
    openWith,
  ) => {
    const { gate, organization } = await openWith([budgetOf('all', usd('1'))]);
    await gate.settle({ hold: await held(gate), amountNanoUsd: usd('0.99') });
    const all = budgetOf('all', 10n, { measure: 'requests', overageBasisPoints: 1_000 });
    await gate.publish(snapshotOf(organization, 2, [all]));
    expect(await counters(gate)).toEqual({ all: NOTHING });
    const hold = await held(gate, { configVersion: 2, requests: 10n });
    expect(await gate.reserve(requestOf({ configVersion: 2 }))).toMatchObject({
      kind: 'denied',
      denial: { limit: 10n, held: 10n, needed: 1n },
    });
    await gate.settle({ hold, amountNanoUsd: 1n, requests: 9n });
    expect(await counters(gate)).toEqual({ all: { spent: 9n, held: 0n } });
  },

  'counters begin with what the ledger knows, in each measure': async (_openWith, open) => {
    const organization = `org-${newAttemptId()}`;
    const totals = [
      { key: `money:month:${Date.UTC(2026, 9, 1)}`, amount: 3n },
      { key: `words:tokens.month:${Date.UTC(2026, 9, 1)}`, amount: 1_990_000n },
      { key: `calls:requests.day:${Date.UTC(2026, 9, 15)}`, amount: 2n },
    ];
    const configuration = snapshotOf(organization, 1, IN_ALL);
    const { gate } = await open(organization, { seed: { lastSeq: 41, totals }, configuration });
    const spent = Object.entries(await counters(gate)).map(([id, counter]) => [id, counter.spent]);
    expect(spent).toEqual([
      ['money', 3n],
      ['words', 1_990_000n],
      ['calls', 2n],
    ]);
  },
};

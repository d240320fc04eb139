import { type Hold, NANO_USD_MAX } from '@tallygate/usage';
import { expect } from 'vitest';
import {
  attributionOf,
  budgetOf,
  counters,
  type Guarantees,
  held,
  MINUTE_MS,
  type OpenWith,
  requestOf,
  START_MS,
  usd,
} from './gate-fixtures.ts';

/** Who may call, and what a refusal says. */
const PLAIN: Guarantees = {
  'an attempt is held on every budget that covers it, from organization to feature, and on no other': async (
    openWith,
  ) => {
    const { gate } = await openWith([
      budgetOf('all', usd('100')),
      budgetOf('support', usd('10'), { scope: { team: 'support' } }),
      budgetOf('support-chat', usd('5'), { scope: { team: 'support', feature: 'chat' }, period: 'day' }),
      budgetOf('chat', usd('5'), { scope: { feature: 'chat' } }),
      budgetOf('research', usd('5'), { scope: { team: 'research' } }),
      budgetOf('support-mail', usd('5'), { scope: { team: 'support', feature: 'mail' } }),
    ]);
    const hold = await held(gate, { expectedNanoUsd: usd('0.10') });
    expect(hold.entries.map(({ key }) => key)).toEqual([
      `all:month:${Date.UTC(2026, 9, 1)}`,
      `support:month:${Date.UTC(2026, 9, 1)}`,
      `support-chat:day:${Date.UTC(2026, 9, 15)}`,
      `chat:month:${Date.UTC(2026, 9, 1)}`,
    ]);
    const holding = { spent: 0n, held: usd('0.10') };
    const untouched = { spent: 0n, held: 0n };
    expect(await counters(gate)).toEqual({
      all: holding,
      support: holding,
      'support-chat': holding,
      chat: holding,
      research: untouched,
      'support-mail': untouched,
    });
  },

  'a budget of one environment, workflow, user or model counts its calls and no others': async (openWith) => {
    const { gate } = await openWith([
      budgetOf('production', usd('1'), { scope: { environment: 'production' } }),
      budgetOf('triage', usd('1'), { scope: { team: 'support', workflow: 'triage' } }),
      budgetOf('one-user', usd('1'), { scope: { user: 'pseudonym' } }),
      budgetOf('opus', usd('1'), { scope: { model: 'claude-opus-5' } }),
    ]);
    const support = attributionOf('support');
    const elsewhere = { ...support, environment: 'staging', workflow: 'nightly', userPseudonym: 'another' };
    await held(gate, { attribution: elsewhere, models: ['claude-haiku-5'] });
    const nothing = { spent: 0n, held: 0n };
    expect(await counters(gate)).toEqual({
      production: nothing,
      triage: nothing,
      'one-user': nothing,
      opus: nothing,
    });
    const covered = { ...support, environment: 'production', workflow: 'triage', userPseudonym: 'pseudonym' };
    await held(gate, { attribution: covered, models: ['claude-haiku-5', 'claude-opus-5'] });
    const holding = { spent: 0n, held: usd('0.10') };
    expect(await counters(gate)).toEqual({
      production: holding,
      triage: holding,
      'one-user': holding,
      opus: holding,
    });
  },

  'calls should end within the limit, and at their worst within its overage: what is spent never passes that':
    async (openWith) => {
      const { gate } = await openWith([budgetOf('all', usd('1'), { overageBasisPoints: 2_500 })]);
      const holds: Hold[] = [];
      const asked = { expectedNanoUsd: usd('0.10'), worstNanoUsd: usd('0.25') };
      for (let call = 0; call < 5; call++) holds.push(await held(gate, asked));
      const byWorst = { limit: usd('1.25'), spent: 0n, held: usd('1.25'), needed: usd('0.01') };
      const small = { expectedNanoUsd: usd('0.01'), worstNanoUsd: usd('0.01') };
      expect(await gate.reserve(requestOf(small))).toMatchObject({ kind: 'denied', denial: byWorst });
      for (const hold of holds) await gate.settle({ hold, amountNanoUsd: usd('0.19') });
      const byPlan = { limit: usd('1'), spent: usd('0.95'), held: 0n, needed: usd('0.10') };
      const dear = { expectedNanoUsd: usd('0.10'), worstNanoUsd: usd('0.20') };
      expect(await gate.reserve(requestOf(dear))).toMatchObject({ kind: 'denied', denial: byPlan });
      const last = await held(gate, { expectedNanoUsd: usd('0.05'), worstNanoUsd: usd('0.30') });
      await gate.settle({ hold: last, amountNanoUsd: usd('0.30') });
      expect(await counters(gate)).toEqual({ all: { spent: usd('1.25'), held: 0n } });
    },

  'a budget that observes denies nobody: it counts, and says whom it would have denied': async (openWith) => {
    const { gate } = await openWith([
      budgetOf('trial', usd('0.15'), { mode: 'observe' }),
      budgetOf('support', usd('0.25'), { scope: { team: 'support' } }),
    ]);
    expect(await gate.reserve(requestOf())).toMatchObject({ kind: 'held', wouldDeny: [] });
    expect(await gate.reserve(requestOf())).toMatchObject({
      kind: 'held',
      wouldDeny: [{ budgetId: 'trial', limit: usd('0.15'), held: usd('0.10'), enforced: false }],
    });
    const holding = { spent: 0n, held: usd('0.20') };
    expect(await counters(gate)).toEqual({ trial: holding, support: holding });
    const denied = { kind: 'denied', denial: { budgetId: 'support', enforced: true } };
    expect(await gate.reserve(requestOf())).toMatchObject(denied);
  },

  'a denied call changes no counter of any budget': async (openWith) => {
    const { gate } = await openWith([
      budgetOf('all', usd('100')),
      budgetOf('support', usd('0.15'), { scope: { team: 'support' } }),
    ]);
    await held(gate);
    const before = await counters(gate);
    for (let time = 0; time < 20; time++) {
      expect((await gate.reserve(requestOf())).kind).toBe('denied');
    }
    expect(await counters(gate)).toEqual(before);
  },

  'a denial gives the numbers of the budget that refused': async (openWith) => {
    const { gate, nowMs } = await openWith([
      budgetOf('all', usd('100')),
      budgetOf('support', usd('1'), { scope: { team: 'support' }, timeZone: 'Europe/Berlin' }),
    ]);
    await gate.settle({ hold: await held(gate), amountNanoUsd: usd('0.30') });
    await held(gate, { expectedNanoUsd: usd('0.10'), worstNanoUsd: usd('0.60') });
    const request = requestOf({ expectedNanoUsd: usd('0.05'), worstNanoUsd: usd('0.20') });
    const reply = await gate.reserve(request);
    expect(reply).toEqual({
      kind: 'denied',
      denial: {
        denialId: expect.any(String),
        attemptId: request.attemptId,
        budgetId: 'support',
        scope: { team: 'support' },
        unit: 'month',
        timeZone: 'Europe/Berlin',
        periodStartMs: Date.UTC(2026, 8, 30, 22),
        periodEndMs: Date.UTC(2026, 9, 31, 23),
        limit: usd('1'),
        spent: usd('0.30'),
        held: usd('0.60'),
        needed: usd('0.20'),
        retryAtMs: START_MS + 10 * MINUTE_MS + 30_000,
        atMs: nowMs(),
        enforced: true,
        reason: 'limit',
        configVersion: 1,
      },
    });
  },

  'a denial that no hold causes can be retried when the period ends': async (openWith) => {
    const { gate } = await openWith([budgetOf('all', usd('1'))]);
    await held(gate, { expectedNanoUsd: usd('0.20') });
    const reply = await gate.reserve(requestOf({ expectedNanoUsd: usd('1.01') }));
    expect(reply).toMatchObject({ kind: 'denied', denial: { retryAtMs: Date.UTC(2026, 10, 1) } });
  },

  'of several budgets that refuse, the one is reported that lets go last': async (openWith) => {
    const { gate } = await openWith([
      budgetOf('daily', usd('1'), { period: 'day' }),
      budgetOf('monthly', usd('1')),
      budgetOf('monthly-too', usd('1')),
    ]);
    const reply = await gate.reserve(requestOf({ expectedNanoUsd: usd('2') }));
    expect(reply).toMatchObject({ kind: 'denied', denial: { budgetId: 'monthly' } });
  },

  'a limit can be used up to the last nano, and not beyond': async (openWith) => {
    const { gate } = await openWith([budgetOf('all', 3n)]);
    await held(gate, { expectedNanoUsd: 1n });
    await gate.settle({ hold: await held(gate, { expectedNanoUsd: 1n }), amountNanoUsd: 1n });
    await held(gate, { expectedNanoUsd: 1n });
    expect((await gate.reserve(requestOf({ expectedNanoUsd: 1n }))).kind).toBe('denied');
    expect((await gate.reserve(requestOf({ expectedNanoUsd: 0n }))).kind).toBe('held');
  },

  'the worst case must fit as well as the expected one': async (openWith) => {
    const { gate } = await openWith([budgetOf('all', usd('1'))]);
    await held(gate, { expectedNanoUsd: usd('0.10'), worstNanoUsd: usd('0.70') });
    const tooMuch = requestOf({ expectedNanoUsd: usd('0.01'), worstNanoUsd: usd('0.31') });
    expect((await gate.reserve(tooMuch)).kind).toBe('denied');
    const fits = requestOf({ expectedNanoUsd: usd('0.01'), worstNanoUsd: usd('0.30') });
    expect((await gate.reserve(fits)).kind).toBe('held');
  },

  'an observed call is held all the same, and every budget that would deny is listed': async (openWith) => {
    const { gate } = await openWith([
      budgetOf('all', usd('1')),
      budgetOf('support', usd('0.05'), { scope: { team: 'support' } }),
      budgetOf('chat', usd('0.01'), { scope: { feature: 'chat' } }),
    ]);
    const reply = await gate.reserve(requestOf({ enforce: false }));
    expect(reply).toMatchObject({
      kind: 'held',
      wouldDeny: [
        { budgetId: 'support', enforced: false, needed: usd('0.10') },
        { budgetId: 'chat', enforced: false, limit: usd('0.01') },
      ],
    });
    expect((await counters(gate))['chat']).toEqual({ spent: 0n, held: usd('0.10') });
  },

  'an attempt that no budget covers is held on none, and its settlement is numbered like any other': async (
    openWith,
  ) => {
    const { gate } = await openWith([budgetOf('research', usd('1'), { scope: { team: 'research' } })]);
    const hold = await held(gate);
    expect(hold.entries).toEqual([]);
    const first = await gate.settle({ hold, amountNanoUsd: usd('0.10') });
    const second = await gate.settle({ hold: await held(gate), amountNanoUsd: usd('0.10') });
    expect(first).toMatchObject({ outcome: 'settled', settlement: { seq: 1, entries: [] } });
    expect(second.settlement.seq).toBe(2);
  },

  '1,000 callers of $0.01 at once on $5.00: exactly 500 are admitted': async (openWith) => {
    const { gate } = await openWith([budgetOf('all', usd('5'))]);
    const ask = () => gate.reserve(requestOf({ expectedNanoUsd: usd('0.01') }));
    const replies = await Promise.all(Array.from({ length: 1_000 }, ask));
    expect(replies.filter(({ kind }) => kind === 'held')).toHaveLength(500);
    expect(replies.filter(({ kind }) => kind === 'denied')).toHaveLength(500);
    expect((await counters(gate))['all']).toEqual({ spent: 0n, held: usd('5') });
  },

  'what a 64-bit counter cannot hold is refused as a request, and changes nothing': async (openWith) => {
    const { gate } = await openWith([budgetOf('all', NANO_USD_MAX)]);
    const hold = await held(gate, { expectedNanoUsd: NANO_USD_MAX });
    const refused = { code: 'TALLYGATE_REQUEST_INVALID' };
    await expect(gate.reserve(requestOf({ enforce: false, expectedNanoUsd: 1n }))).rejects.toMatchObject(
      refused,
    );
    await gate.settle({ hold, amountNanoUsd: NANO_USD_MAX });
    const other = await held(gate, { expectedNanoUsd: 0n });
    await expect(gate.settle({ hold: other, amountNanoUsd: 1n })).rejects.toMatchObject(refused);
    expect((await counters(gate))['all']).toEqual({ spent: NANO_USD_MAX, held: 0n });
    expect((await gate.settle({ hold: other, amountNanoUsd: 0n })).settlement.seq).toBe(2);
  },
};

const edges = [
  ...[1n, 3n, 37n, 9_999n].map((factor) => factor * 100_000_000n),
  ...[10n ** 9n, 10n ** 14n, 2n ** 53n, 10n ** 17n, 2n ** 62n].flatMap((edge) => [
    edge - 1n,
    edge,
    edge + 1n,
  ]),
  9_200_000_000_000_000_000n,
  NANO_USD_MAX - 1n,
  NANO_USD_MAX,
];

/** Where doubles, exponent forms and Int64 end. */
const AMOUNTS: Guarantees = Object.fromEntries(
  edges.map((amount) => [
    `an amount of ${amount} nano-USD is compared, counted and returned exactly`,
    (openWith) => expectExact(openWith, amount),
  ]),
);

async function expectExact(openWith: OpenWith, amount: bigint): Promise<void> {
  const { gate } = await openWith([budgetOf('all', amount)]);
  const hold = await held(gate, { expectedNanoUsd: amount - 1n });
  expect(await gate.reserve(requestOf({ expectedNanoUsd: 2n }))).toMatchObject({
    kind: 'denied',
    denial: { limit: amount, held: amount - 1n, needed: 2n },
  });
  const last = await held(gate, { expectedNanoUsd: 1n });
  expect((await counters(gate))['all']).toEqual({ spent: 0n, held: amount });
  const { settlement } = await gate.settle({ hold, amountNanoUsd: amount - 1n });
  expect(settlement.entries).toMatchObject([{ amount: amount - 1n }]);
  await gate.settle({ hold: last, amountNanoUsd: 1n });
  expect((await counters(gate))['all']).toEqual({ spent: amount, held: 0n });
  expect((await gate.reserve(requestOf({ expectedNanoUsd: 1n }))).kind).toBe('denied');
}

const NO_REQUESTS = {
  'a negative amount': { expectedNanoUsd: -1n, worstNanoUsd: 1n },
  'an amount beyond Int64': { worstNanoUsd: NANO_USD_MAX + 1n },
  'no time to live': { ttlMs: 0 },
  'a fraction of a millisecond': { ttlMs: 1.5 },
  'no attempt': { attemptId: '' },
};

const REFUSED: Guarantees = Object.fromEntries(
  Object.entries(NO_REQUESTS).map(([what, parts]) => [
    `a request with ${what} is refused and changes nothing`,
    async (openWith) => {
      const { gate } = await openWith([budgetOf('all', usd('1'))]);
      const refused = { code: 'TALLYGATE_REQUEST_INVALID' };
      await expect(gate.reserve(requestOf(parts))).rejects.toMatchObject(refused);
      expect((await counters(gate))['all']).toEqual({ spent: 0n, held: 0n });
    },
  ]),
);

export const ADMISSION: Guarantees = { ...PLAIN, ...AMOUNTS, ...REFUSED };

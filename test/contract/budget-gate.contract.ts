import {
  type BudgetGate,
  NANO_USD_MAX,
  newAttemptId,
  type ReserveReply,
  settlementSchema,
} from '@tallygate/usage';
import { describe, expect, test } from 'vitest';
import {
  attributionOf,
  budgetOf,
  counters,
  DAY_MS,
  type GateConditions,
  type GateUnderTest,
  HOUR_MS,
  held,
  MINUTE_MS,
  type OpenGate,
  requestOf,
  START_MS,
  snapshotOf,
  usd,
} from './gate-fixtures.ts';

/**
 * What every BudgetGate promises, whatever it is made of. An implementation passes by handing in how to open an empty one.
 */
export function describeBudgetGate(name: string, open: OpenGate): void {
  /** A gate in which these budgets are live as version 1. */
  const openWith = async (
    budgets: Parameters<typeof snapshotOf>[2],
    conditions: GateConditions = {},
  ): Promise<GateUnderTest> => {
    const subject = await open(`org-${newAttemptId()}`, conditions);
    await subject.gate.publish(snapshotOf(subject.organization, 1, budgets));
    return subject;
  };

  describe(`${name}: admission`, () => {
    test('an attempt is held on every budget that covers it, from organization to feature, and on no other', async () => {
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
    });

    test('a denied call changes no counter of any budget', async () => {
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
    });

    test('a denial gives the numbers of the budget that refused', async () => {
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
          limitNanoUsd: usd('1'),
          spentNanoUsd: usd('0.30'),
          heldNanoUsd: usd('0.60'),
          neededNanoUsd: usd('0.20'),
          retryAtMs: START_MS + 10 * MINUTE_MS + 30_000,
          atMs: nowMs(),
          enforced: true,
        },
      });
    });

    test('a denial that no hold causes can be retried when the period ends', async () => {
      const { gate } = await openWith([budgetOf('all', usd('1'))]);
      await held(gate, { expectedNanoUsd: usd('0.20') });
      const reply = await gate.reserve(requestOf({ expectedNanoUsd: usd('1.01') }));
      expect(reply).toMatchObject({ kind: 'denied', denial: { retryAtMs: Date.UTC(2026, 10, 1) } });
    });

    test('of several budgets that refuse, the one is reported that lets go last', async () => {
      const { gate } = await openWith([
        budgetOf('daily', usd('1'), { period: 'day' }),
        budgetOf('monthly', usd('1')),
        budgetOf('monthly-too', usd('1')),
      ]);
      const reply = await gate.reserve(requestOf({ expectedNanoUsd: usd('2') }));
      expect(reply).toMatchObject({ kind: 'denied', denial: { budgetId: 'monthly' } });
    });

    test('a limit can be used up to the last nano, and not beyond', async () => {
      const { gate } = await openWith([budgetOf('all', 3n)]);
      await held(gate, { expectedNanoUsd: 1n });
      await gate.settle({ hold: await held(gate, { expectedNanoUsd: 1n }), amountNanoUsd: 1n });
      await held(gate, { expectedNanoUsd: 1n });
      expect((await gate.reserve(requestOf({ expectedNanoUsd: 1n }))).kind).toBe('denied');
      expect((await gate.reserve(requestOf({ expectedNanoUsd: 0n }))).kind).toBe('held');
    });

    test('the worst case must fit as well as the expected one', async () => {
      const { gate } = await openWith([budgetOf('all', usd('1'))]);
      await held(gate, { expectedNanoUsd: usd('0.10'), worstNanoUsd: usd('0.70') });
      const tooMuch = requestOf({ expectedNanoUsd: usd('0.01'), worstNanoUsd: usd('0.31') });
      expect((await gate.reserve(tooMuch)).kind).toBe('denied');
      const fits = requestOf({ expectedNanoUsd: usd('0.01'), worstNanoUsd: usd('0.30') });
      expect((await gate.reserve(fits)).kind).toBe('held');
    });

    test('an observed call is held all the same, and every budget that would deny is listed', async () => {
      const { gate } = await openWith([
        budgetOf('all', usd('1')),
        budgetOf('support', usd('0.05'), { scope: { team: 'support' } }),
        budgetOf('chat', usd('0.01'), { scope: { feature: 'chat' } }),
      ]);
      const reply = await gate.reserve(requestOf({ enforce: false }));
      expect(reply).toMatchObject({
        kind: 'held',
        wouldDeny: [
          { budgetId: 'support', enforced: false, neededNanoUsd: usd('0.10') },
          { budgetId: 'chat', enforced: false, limitNanoUsd: usd('0.01') },
        ],
      });
      expect((await counters(gate))['chat']).toEqual({ spent: 0n, held: usd('0.10') });
    });

    test('an attempt that no budget covers is held on none, and its settlement is numbered like any other', async () => {
      const { gate } = await openWith([budgetOf('research', usd('1'), { scope: { team: 'research' } })]);
      const hold = await held(gate);
      expect(hold.entries).toEqual([]);
      const first = await gate.settle({ hold, amountNanoUsd: usd('0.10') });
      const second = await gate.settle({ hold: await held(gate), amountNanoUsd: usd('0.10') });
      expect(first).toMatchObject({ outcome: 'settled', settlement: { seq: 1, entries: [] } });
      expect(second.settlement.seq).toBe(2);
    });

    test('1,000 callers of $0.01 at once on $5.00: exactly 500 are admitted', async () => {
      const { gate } = await openWith([budgetOf('all', usd('5'))]);
      const ask = () => gate.reserve(requestOf({ expectedNanoUsd: usd('0.01') }));
      const replies = await Promise.all(Array.from({ length: 1_000 }, ask));
      expect(replies.filter(({ kind }) => kind === 'held')).toHaveLength(500);
      expect(replies.filter(({ kind }) => kind === 'denied')).toHaveLength(500);
      expect((await counters(gate))['all']).toEqual({ spent: 0n, held: usd('5') });
    });

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
    test.each(edges)('an amount of %d nano-USD is compared, counted and returned exactly', async (amount) => {
      const { gate } = await openWith([budgetOf('all', amount)]);
      const hold = await held(gate, { expectedNanoUsd: amount - 1n });
      const overByOne = await gate.reserve(requestOf({ expectedNanoUsd: 2n }));
      expect(overByOne).toMatchObject({
        kind: 'denied',
        denial: { limitNanoUsd: amount, heldNanoUsd: amount - 1n, neededNanoUsd: 2n },
      });
      const last = await held(gate, { expectedNanoUsd: 1n });
      expect((await counters(gate))['all']).toEqual({ spent: 0n, held: amount });
      const { settlement } = await gate.settle({ hold, amountNanoUsd: amount - 1n });
      expect(settlement.entries).toMatchObject([{ amountNanoUsd: amount - 1n }]);
      await gate.settle({ hold: last, amountNanoUsd: 1n });
      expect((await counters(gate))['all']).toEqual({ spent: amount, held: 0n });
      expect((await gate.reserve(requestOf({ expectedNanoUsd: 1n }))).kind).toBe('denied');
    });

    test('what a 64-bit counter cannot hold is refused as a request, and changes nothing', async () => {
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
    });

    test.each([
      { expectedNanoUsd: -1n, worstNanoUsd: 1n },
      { worstNanoUsd: NANO_USD_MAX + 1n },
      { ttlMs: 0 },
      { ttlMs: 1.5 },
      { attemptId: '' },
    ])('a request that is none is refused: %o', async (parts) => {
      const { gate } = await openWith([budgetOf('all', usd('1'))]);
      await expect(gate.reserve(requestOf(parts))).rejects.toMatchObject({
        code: 'TALLYGATE_REQUEST_INVALID',
      });
      expect((await counters(gate))['all']).toEqual({ spent: 0n, held: 0n });
    });
  });

  describe(`${name}: the end of a hold`, () => {
    test('a settlement replaces the hold by the charge, and is a fact of its own', async () => {
      const { gate, organization, nowMs, advanceMs } = await openWith([budgetOf('all', usd('1'))]);
      const hold = await held(gate);
      await advanceMs(5_000);
      const reply = await gate.settle({ hold, amountNanoUsd: 123n });
      expect(reply).toEqual({
        outcome: 'settled',
        settlement: {
          attemptId: hold.attemptId,
          organization,
          kind: 'settle',
          epoch: hold.epoch,
          seq: 1,
          budgetInstantMs: START_MS,
          settledAtMs: nowMs(),
          entries: [{ key: hold.entries[0]?.key, amountNanoUsd: 123n }],
        },
      });
      expect(settlementSchema.decode(settlementSchema.encode(reply.settlement))).toEqual(reply.settlement);
      expect((await counters(gate))['all']).toEqual({ spent: 123n, held: 0n });
    });

    test('a charge above the hold and above the limit is written: the money is spent', async () => {
      const { gate } = await openWith([budgetOf('all', usd('1'))]);
      await gate.settle({ hold: await held(gate), amountNanoUsd: usd('1.50') });
      expect((await counters(gate))['all']).toEqual({ spent: usd('1.50'), held: 0n });
      expect((await gate.reserve(requestOf({ expectedNanoUsd: 0n }))).kind).toBe('denied');
    });

    test('a release gives everything back and is numbered', async () => {
      const { gate } = await openWith([budgetOf('all', usd('0.10'))]);
      const reply = await gate.release(await held(gate));
      expect(reply).toMatchObject({
        outcome: 'released',
        settlement: { kind: 'release', seq: 1, entries: [{ amountNanoUsd: 0n }] },
      });
      expect(await counters(gate)).toEqual({ all: { spent: 0n, held: 0n } });
      await held(gate);
    });

    test('a charge after a release counts: the provider billed a call we had cancelled', async () => {
      const { gate } = await openWith([budgetOf('all', usd('1'))]);
      const hold = await held(gate);
      await gate.release(hold);
      const other = await held(gate);
      const reply = await gate.settle({ hold, amountNanoUsd: 7n });
      expect(reply).toMatchObject({ outcome: 'reopened', settlement: { kind: 'settle', seq: 2 } });
      expect(await counters(gate)).toEqual({ all: { spent: 7n, held: usd('0.10') } });
      expect((await gate.release(hold)).outcome).toBe('duplicate');
      expect((await gate.release(other)).outcome).toBe('released');
    });

    test('a charge for an attempt that the gate does not know counts', async () => {
      const { gate } = await openWith([budgetOf('all', usd('1'))]);
      const known = await held(gate);
      const unknown = { ...known, attemptId: newAttemptId(), epoch: 'of-another-life' };
      const reply = await gate.settle({ hold: unknown, amountNanoUsd: 7n });
      expect(reply).toMatchObject({
        outcome: 'orphan',
        settlement: { epoch: known.epoch, budgetInstantMs: known.budgetInstantMs },
      });
      expect(await counters(gate)).toEqual({ all: { spent: 7n, held: usd('0.10') } });
      expect(await gate.settle({ hold: unknown, amountNanoUsd: 7n })).toEqual({
        ...reply,
        outcome: 'duplicate',
      });
    });

    test('repeating anything, any number of times and at once, is doing it once', async () => {
      const { gate } = await openWith([budgetOf('all', usd('1'))]);
      const request = requestOf();
      const storm = <Reply>(act: () => Promise<Reply>) => Promise.all(Array.from({ length: 50 }, act));
      const holds = (await storm(() => gate.reserve(request))).map(
        (reply) => reply.kind === 'held' && reply.hold,
      );
      expect(new Set(holds.map((hold) => JSON.stringify(hold, (_, value) => String(value)))).size).toBe(1);
      expect(await counters(gate)).toEqual({ all: { spent: 0n, held: usd('0.10') } });
      const [hold] = holds;
      if (!hold) throw new Error('not held');
      const settled = await storm(() => gate.settle({ hold, amountNanoUsd: 9n }));
      expect(
        settled
          .map(({ outcome }) => outcome)
          .sort()
          .slice(-2),
      ).toEqual(['duplicate', 'settled']);
      expect(new Set(settled.map(({ settlement }) => settlement.seq))).toEqual(new Set([1]));
      await storm(() => gate.release(hold));
      await storm(() => gate.reserve(request));
      expect(await counters(gate)).toEqual({ all: { spent: 9n, held: 0n } });
      expect((await gate.settle({ hold: await held(gate), amountNanoUsd: 0n })).settlement.seq).toBe(2);
    });

    test('a repeated settlement with another amount returns the first one', async () => {
      const { gate } = await openWith([budgetOf('all', usd('1'))]);
      const hold = await held(gate);
      const first = await gate.settle({ hold, amountNanoUsd: 5n });
      const again = await gate.settle({ hold: { ...hold, entries: [] }, amountNanoUsd: 6n });
      expect(again).toEqual({ outcome: 'duplicate', settlement: first.settlement });
      expect(await gate.release(hold)).toEqual({ outcome: 'duplicate', settlement: first.settlement });
      expect((await counters(gate))['all']).toEqual({ spent: 5n, held: 0n });
    });

    test('a caller with a wrong copy of its hold cannot take away what others hold', async () => {
      const { gate } = await openWith([budgetOf('all', usd('1')), budgetOf('more', usd('1'))]);
      const hold = await held(gate);
      await held(gate, { expectedNanoUsd: usd('0.50') });
      const entries = hold.entries
        .slice(0, 1)
        .map((entry) => ({ ...entry, expectedNanoUsd: usd('0.60'), worstNanoUsd: usd('0.60') }));
      await gate.settle({
        hold: { ...hold, entries, expiryBucket: hold.expiryBucket + 1 },
        amountNanoUsd: 1n,
      });
      const after = { spent: 1n, held: usd('0.50') };
      expect(await counters(gate)).toEqual({ all: after, more: after });
    });

    test('a hold of another organization, or on something that is no budget, is refused', async () => {
      const { gate } = await openWith([budgetOf('all', usd('1'))]);
      const hold = await held(gate);
      const refused = { code: 'TALLYGATE_REQUEST_INVALID' };
      await expect(gate.release({ ...hold, organization: 'other' })).rejects.toMatchObject(refused);
      const [entry] = hold.entries;
      if (entry === undefined) throw new Error('no entry');
      const entries = [{ ...entry, key: 'all:month:1|S' }];
      await expect(gate.settle({ hold: { ...hold, entries }, amountNanoUsd: 1n })).rejects.toMatchObject(
        refused,
      );
      await expect(gate.settle({ hold, amountNanoUsd: -1n })).rejects.toMatchObject(refused);
      await expect(gate.extend(hold, 0)).rejects.toMatchObject(refused);
    });

    test('settlements are numbered without a gap, whatever their outcome', async () => {
      const { gate } = await openWith([budgetOf('all', usd('1'))]);
      const holds = await Promise.all(Array.from({ length: 30 }, () => held(gate, { expectedNanoUsd: 1n })));
      const endings = holds.map((hold, index) =>
        index % 3 === 0 ? gate.release(hold) : gate.settle({ hold, amountNanoUsd: 1n }),
      );
      const numbers = (await Promise.all(endings)).map(({ settlement }) => settlement.seq);
      expect(numbers.sort((left, right) => left - right)).toEqual(
        Array.from({ length: 30 }, (_, index) => index + 1),
      );
    });
  });

  describe(`${name}: time`, () => {
    test('a hold ends by itself: not before its time, and at most a bucket later', async () => {
      const { gate, advanceMs } = await openWith([budgetOf('all', usd('0.10'))]);
      await held(gate, { ttlMs: 10 * MINUTE_MS });
      await advanceMs(10 * MINUTE_MS);
      expect(await counters(gate)).toEqual({ all: { spent: 0n, held: usd('0.10') } });
      expect((await gate.reserve(requestOf())).kind).toBe('denied');
      await advanceMs(MINUTE_MS);
      expect(await counters(gate)).toEqual({ all: { spent: 0n, held: 0n } });
      await held(gate);
    });

    test('a long hold lives at most a sixteenth longer than it asked for', async () => {
      const { gate, advanceMs } = await openWith([budgetOf('all', usd('0.10'))]);
      await held(gate, { ttlMs: 25 * HOUR_MS });
      await advanceMs(25 * HOUR_MS);
      expect((await counters(gate))['all']?.held).toBe(usd('0.10'));
      await advanceMs((25 * HOUR_MS) / 16 + MINUTE_MS);
      expect((await counters(gate))['all']?.held).toBe(0n);
    });

    test('a charge after the hold has ended counts, and takes nothing from other holds', async () => {
      const { gate, advanceMs } = await openWith([budgetOf('all', usd('1'))]);
      const late = await held(gate, { ttlMs: MINUTE_MS });
      await advanceMs(3 * MINUTE_MS);
      await held(gate, { ttlMs: MINUTE_MS });
      expect((await gate.settle({ hold: late, amountNanoUsd: 7n })).outcome).toBe('late');
      expect(await counters(gate)).toEqual({ all: { spent: 7n, held: usd('0.10') } });
    });

    test('a release after the hold has ended is late, and a charge after that reopens it', async () => {
      const { gate, advanceMs } = await openWith([budgetOf('all', usd('1'))]);
      const hold = await held(gate, { ttlMs: MINUTE_MS });
      await advanceMs(3 * MINUTE_MS);
      expect(await gate.release(hold)).toMatchObject({ outcome: 'late', settlement: { kind: 'release' } });
      expect((await gate.settle({ hold, amountNanoUsd: 1n })).outcome).toBe('reopened');
      expect(await counters(gate)).toEqual({ all: { spent: 1n, held: 0n } });
    });

    test('when no call is live and one time to live has passed, nothing is held', async () => {
      const { gate, advanceMs } = await openWith([
        budgetOf('all', usd('100')),
        budgetOf('daily', usd('100'), { period: 'day' }),
      ]);
      for (let call = 0; call < 25; call++) {
        await held(gate, { ttlMs: (1 + (call % 10)) * MINUTE_MS });
        await advanceMs(7_000);
      }
      await advanceMs(11 * MINUTE_MS);
      const nothing = { spent: 0n, held: 0n };
      expect(await counters(gate)).toEqual({ all: nothing, daily: nothing });
    });

    test('an extended hold lives on, and either copy of it ends it', async () => {
      const { gate, advanceMs } = await openWith([budgetOf('all', usd('1'))]);
      const hold = await held(gate, { ttlMs: 2 * MINUTE_MS });
      await advanceMs(MINUTE_MS);
      const reply = await gate.extend(hold, 10 * MINUTE_MS);
      expect(reply).toMatchObject({
        kind: 'extended',
        hold: { ...hold, expiryBucket: hold.expiryBucket + 9 },
      });
      expect(await gate.extend(hold, 10 * MINUTE_MS)).toEqual(reply);
      await advanceMs(9 * MINUTE_MS);
      expect(await counters(gate)).toEqual({ all: { spent: 0n, held: usd('0.10') } });
      expect((await gate.settle({ hold, amountNanoUsd: 1n })).outcome).toBe('settled');
      expect(await counters(gate)).toEqual({ all: { spent: 1n, held: 0n } });
    });

    test('what has ended cannot be extended', async () => {
      const { gate, advanceMs } = await openWith([budgetOf('all', usd('1'))]);
      const [settled, released, expired] = [
        await held(gate),
        await held(gate),
        await held(gate, { ttlMs: 1 }),
      ];
      await gate.settle({ hold: settled, amountNanoUsd: 1n });
      await gate.release(released);
      await advanceMs(2 * MINUTE_MS);
      const unknown = { ...settled, attemptId: newAttemptId() };
      for (const hold of [settled, released, expired, unknown]) {
        expect(await gate.extend(hold, HOUR_MS)).toEqual({ kind: 'ended' });
      }
      expect(await counters(gate)).toEqual({ all: { spent: 1n, held: 0n } });
    });

    test('a clock that steps back neither revives a hold that has ended nor touches the ones that live', async () => {
      const { gate, advanceMs } = await openWith([budgetOf('all', usd('1'))]);
      const ended = await held(gate, { ttlMs: MINUTE_MS });
      await advanceMs(5 * MINUTE_MS);
      await held(gate, { ttlMs: 10 * MINUTE_MS });
      await advanceMs(-25 * MINUTE_MS);
      expect(await counters(gate)).toEqual({ all: { spent: 0n, held: usd('0.10') } });
      expect((await gate.settle({ hold: ended, amountNanoUsd: 1n })).outcome).toBe('late');
      expect(await counters(gate)).toEqual({ all: { spent: 1n, held: usd('0.10') } });
    });

    test('a charge belongs to the period of its reserve, however late it arrives', async () => {
      const { gate, advanceMs } = await openWith([budgetOf('all', usd('1'))], {
        startMs: Date.UTC(2026, 9, 31, 23, 59, 59, 999),
      });
      const october = await held(gate);
      await advanceMs(1);
      const november = await held(gate);
      expect(november.entries[0]?.key).toBe(`all:month:${Date.UTC(2026, 10, 1)}`);
      const reply = await gate.settle({ hold: october, amountNanoUsd: usd('0.90') });
      expect(reply).toMatchObject({
        outcome: 'settled',
        settlement: { entries: [{ key: `all:month:${Date.UTC(2026, 9, 1)}` }] },
      });
      expect(await counters(gate)).toEqual({ all: { spent: 0n, held: usd('0.10') } });
    });

    test('a new period begins at zero under a storm of denied calls', async () => {
      const { gate, advanceMs } = await openWith([budgetOf('all', usd('0.10'), { period: 'day' })], {
        startMs: Date.UTC(2026, 9, 15, 23, 59, 59),
      });
      await gate.settle({ hold: await held(gate), amountNanoUsd: usd('0.10') });
      for (let time = 0; time < 10; time++) {
        expect((await gate.reserve(requestOf())).kind).toBe('denied');
        await advanceMs(99);
      }
      await advanceMs(10);
      await held(gate);
      expect(await counters(gate)).toEqual({ all: { spent: 0n, held: usd('0.10') } });
    });

    test.each([
      ['Europe/Berlin', 'day', '2026-10-25T12:00Z', '2026-10-24T22:00Z', '2026-10-25T23:00Z'],
      ['America/New_York', 'month', '2026-11-01T03:59Z', '2026-10-01T04:00Z', '2026-11-01T04:00Z'],
      ['Asia/Kathmandu', 'day', '2026-10-15T18:15Z', '2026-10-15T18:15Z', '2026-10-16T18:15Z'],
    ] as const)(
      'a period follows the calendar of its zone: %s %s',
      async (timeZone, period, now, start, end) => {
        const { gate } = await openWith([budgetOf('all', usd('1'), { timeZone, period })], {
          startMs: Date.parse(now),
        });
        const { entries } = await held(gate);
        expect(entries).toMatchObject([{ periodStartMs: Date.parse(start), periodEndMs: Date.parse(end) }]);
        expect(await gate.balances()).toMatchObject([
          { periodStartMs: Date.parse(start), periodEndMs: Date.parse(end), heldNanoUsd: usd('0.10') },
        ]);
      },
    );
  });

  describe(`${name}: configuration`, () => {
    test('before anything is published version 0 is live and nothing is budgeted', async () => {
      const { gate, organization } = await open(`org-${newAttemptId()}`, {});
      expect(await gate.configuration()).toEqual(snapshotOf(organization, 0, []));
      expect(await gate.balances()).toEqual([]);
      expect((await gate.reserve(requestOf({ configVersion: 0 }))).kind).toBe('held');
    });

    test('a change is in force with the next call: one computed with another version is told so, and nothing is written', async () => {
      const { gate, organization } = await openWith([budgetOf('all', usd('1'))]);
      const hold = await held(gate);
      await gate.publish(snapshotOf(organization, 2, [budgetOf('all', usd('0.15'))]));
      const request = requestOf();
      expect(await gate.reserve(request)).toEqual({ kind: 'outdated', version: 2 });
      expect(await gate.reserve({ ...request, configVersion: 3 })).toEqual({ kind: 'outdated', version: 2 });
      expect(await counters(gate)).toEqual({ all: { spent: 0n, held: usd('0.10') } });
      expect(await gate.reserve({ ...request, configVersion: 2 })).toMatchObject({
        kind: 'denied',
        denial: { limitNanoUsd: usd('0.15'), heldNanoUsd: usd('0.10') },
      });
      expect((await gate.settle({ hold, amountNanoUsd: 1n })).outcome).toBe('settled');
      expect((await gate.reserve({ ...request, configVersion: 2 })).kind).toBe('held');
    });

    test('a known attempt gets its first answer again even when the configuration has changed since', async () => {
      const { gate, organization } = await openWith([budgetOf('all', usd('1'))]);
      const request = requestOf();
      const first = await gate.reserve(request);
      await gate.publish(snapshotOf(organization, 2, []));
      expect(await gate.reserve(request)).toEqual(first);
    });

    test('a version that does not follow the live one is refused, and of two publishers one wins', async () => {
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
    });

    test('repeating a publication whose answer was lost is no conflict', async () => {
      const { gate, organization } = await openWith([]);
      const snapshot = snapshotOf(organization, 2, [budgetOf('all', usd('1'))]);
      await gate.publish(snapshot);
      await gate.publish(snapshot);
      expect(await gate.configuration()).toEqual(snapshot);
    });

    test.each([
      ['two budgets of one id', [budgetOf('all', 1n), budgetOf('all', 2n)]],
      ['a negative limit', [budgetOf('all', -1n)]],
      ['a limit beyond Int64', [budgetOf('all', NANO_USD_MAX + 1n)]],
      ['an id that cannot be part of a key', [budgetOf('all:of', 1n)]],
    ])('a snapshot with %s does not go live', async (_what, budgets) => {
      const { gate, organization } = await openWith([]);
      const invalid = { code: 'TALLYGATE_CONFIGURATION_INVALID' };
      await expect(gate.publish(snapshotOf(organization, 2, budgets))).rejects.toMatchObject(invalid);
      await expect(gate.publish(snapshotOf('other', 2, []))).rejects.toMatchObject(invalid);
      expect((await gate.configuration()).version).toBe(1);
    });

    test('a budget that is renamed begins anew, and one that returns continues', async () => {
      const { gate, organization } = await openWith([budgetOf('old', usd('1'))]);
      await gate.settle({ hold: await held(gate), amountNanoUsd: usd('0.40') });
      await gate.publish(snapshotOf(organization, 2, [budgetOf('new', usd('1'))]));
      expect(await counters(gate)).toEqual({ new: { spent: 0n, held: 0n } });
      await gate.publish(snapshotOf(organization, 3, [budgetOf('old', usd('1'))]));
      expect(await counters(gate)).toEqual({ old: { spent: usd('0.40'), held: 0n } });
    });
  });

  describe(`${name}: beginning from the ledger`, () => {
    const october = Date.UTC(2026, 9, 1);
    const seed = {
      lastSeq: 41,
      totals: [
        { key: `all:month:${october}`, amountNanoUsd: usd('0.95') },
        { key: `all:month:${Date.UTC(2026, 8, 1)}`, amountNanoUsd: usd('77') },
        { key: `gone:day:${START_MS - (START_MS % DAY_MS)}`, amountNanoUsd: usd('3') },
      ],
    };
    const openSeeded = async (): Promise<{ gate: BudgetGate }> => {
      const organization = `org-${newAttemptId()}`;
      const configuration = snapshotOf(organization, 7, [budgetOf('all', usd('1'))]);
      return open(organization, { seed, configuration });
    };
    const atSeven = { configVersion: 7, expectedNanoUsd: usd('0.05') };

    test('what the ledger has settled is spent, the sequence goes on, and the configuration is live', async () => {
      const { gate } = await openSeeded();
      expect((await gate.configuration()).version).toBe(7);
      expect(await counters(gate)).toEqual({ all: { spent: usd('0.95'), held: 0n } });
      const hold = await held(gate, atSeven);
      expect((await gate.reserve(requestOf({ ...atSeven, expectedNanoUsd: 1n }))).kind).toBe('denied');
      expect((await gate.settle({ hold, amountNanoUsd: usd('0.05') })).settlement.seq).toBe(42);
      expect(await counters(gate)).toEqual({ all: { spent: usd('1'), held: 0n } });
    });
  });

  test(`${name}: a closed gate is in outage`, async () => {
    const { gate } = await openWith([]);
    await gate.close();
    const outage: Promise<ReserveReply> = gate.reserve(requestOf());
    await expect(outage).rejects.toMatchObject({ code: 'TALLYGATE_GATE_UNAVAILABLE' });
  });
}

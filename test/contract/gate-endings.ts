import { newAttemptId, settlementSchema } from '@tallygate/usage';
import { expect, vi } from 'vitest';
import {
  budgetOf,
  counters,
  type Guarantees,
  HOUR_MS,
  held,
  requestOf,
  START_MS,
  usd,
} from './gate-fixtures.ts';

const NEVER_LEASED = { ttlMs: 2 * HOUR_MS };

/** How a hold ends, and what is counted then. */
export const ENDINGS: Guarantees = {
  'a settlement replaces the hold by the charge, and is a fact of its own': async (openWith) => {
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
        entries: [{ key: hold.entries[0]?.key, amount: 123n }],
      },
    });
    expect(settlementSchema.decode(settlementSchema.encode(reply.settlement))).toEqual(reply.settlement);
    expect((await counters(gate))['all']).toEqual({ spent: 123n, held: 0n });
  },

  'a charge above the hold and above the limit is written: the money is spent': async (openWith) => {
    const { gate } = await openWith([budgetOf('all', usd('1'))]);
    await gate.settle({ hold: await held(gate), amountNanoUsd: usd('1.50') });
    expect((await counters(gate))['all']).toEqual({ spent: usd('1.50'), held: 0n });
    expect((await gate.reserve(requestOf({ expectedNanoUsd: 0n }))).kind).toBe('denied');
  },

  'a release gives everything back and is numbered': async (openWith) => {
    const { gate } = await openWith([budgetOf('all', usd('0.10'))]);
    const reply = await gate.release(await held(gate));
    expect(reply).toMatchObject({
      outcome: 'released',
      settlement: { kind: 'release', seq: 1, entries: [{ amount: 0n }] },
    });
    expect(await counters(gate)).toEqual({ all: { spent: 0n, held: 0n } });
    await held(gate);
  },

  'a charge after a release counts: the provider billed a call we had cancelled': async (openWith) => {
    const { gate } = await openWith([budgetOf('all', usd('1'))]);
    const hold = await held(gate);
    await gate.release(hold);
    const other = await held(gate);
    const reply = await gate.settle({ hold, amountNanoUsd: 7n });
    expect(reply).toMatchObject({ outcome: 'reopened', settlement: { kind: 'settle', seq: 2 } });
    expect(await counters(gate)).toEqual({ all: { spent: 7n, held: usd('0.10') } });
    expect((await gate.release(hold)).outcome).toBe('duplicate');
    expect((await gate.release(other)).outcome).toBe('released');
  },

  'a charge for an attempt that the gate does not know counts': async (openWith) => {
    const { gate } = await openWith([budgetOf('all', usd('1'))]);
    const known = await held(gate);
    const lease = known.leaseId === undefined ? {} : { leaseId: newAttemptId() };
    const unknown = { ...known, ...lease, attemptId: newAttemptId(), epoch: 'of-another-life' };
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
  },

  'repeating anything, any number of times and at once, is doing it once': async (openWith) => {
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
  },

  'a settlement that is repeated when its record is forgotten takes a new number and counts once; what never ended counts':
    async (openWith) => {
      const { gate, advanceMs } = await openWith([budgetOf('all', usd('1'))], { recordGraceMs: 1 });
      const [hold, unended] = [await held(gate, NEVER_LEASED), await held(gate, NEVER_LEASED)];
      const first = await gate.settle({ hold, amountNanoUsd: 5n });
      expect(first).toMatchObject({ outcome: 'settled', settlement: { seq: 1 } });
      // The server forgets by a clock that no test moves.
      const again = await vi.waitUntil(async () => {
        await advanceMs(3 * HOUR_MS);
        await held(gate, { expectedNanoUsd: 0n });
        const reply = await gate.settle({ hold, amountNanoUsd: 5n });
        return reply.settlement.seq > 1 && reply;
      });
      expect(again).toMatchObject({
        outcome: 'duplicate',
        settlement: { seq: 2, entries: [{ amount: 5n }] },
      });
      expect((await counters(gate))['all']?.spent).toBe(5n);
      expect((await gate.settle({ hold: unended, amountNanoUsd: 3n })).outcome).toBe('late');
      expect(await counters(gate)).toEqual({ all: { spent: 8n, held: 0n } });
    },

  'what no gate held, repeated when its record is forgotten, counts again: the bound that is stated, and never too little':
    async (openWith) => {
      const { gate, advanceMs } = await openWith([budgetOf('all', usd('1'))], { recordGraceMs: 1 });
      const hold = { ...(await held(gate, NEVER_LEASED)), attemptId: newAttemptId(), epoch: 'of no gate' };
      expect((await gate.settle({ hold, amountNanoUsd: 5n })).outcome).toBe('orphan');
      await vi.waitUntil(async () => {
        await advanceMs(3 * HOUR_MS);
        await held(gate, { expectedNanoUsd: 0n });
        return (await gate.settle({ hold, amountNanoUsd: 5n })).outcome === 'orphan';
      });
      expect((await counters(gate))['all']?.spent).toBe(10n);
    },

  'a repeated settlement with another amount returns the first one': async (openWith) => {
    const { gate } = await openWith([budgetOf('all', usd('1'))]);
    const hold = await held(gate);
    const first = await gate.settle({ hold, amountNanoUsd: 5n });
    const again = await gate.settle({ hold: { ...hold, entries: [] }, amountNanoUsd: 6n });
    expect(again).toEqual({ outcome: 'duplicate', settlement: first.settlement });
    expect(await gate.release(hold)).toEqual({ outcome: 'duplicate', settlement: first.settlement });
    expect((await counters(gate))['all']).toEqual({ spent: 5n, held: 0n });
  },

  'a caller with a wrong copy of its hold cannot take away what others hold': async (openWith) => {
    const { gate } = await openWith([budgetOf('all', usd('1')), budgetOf('more', usd('1'))]);
    const hold = await held(gate);
    await held(gate, { expectedNanoUsd: usd('0.50') });
    const entries = hold.entries
      .slice(0, 1)
      .map((entry) => ({ ...entry, expected: usd('0.60'), worst: usd('0.60') }));
    await gate.settle({
      hold: { ...hold, entries, expiryBucket: hold.expiryBucket + 1 },
      amountNanoUsd: 1n,
    });
    const after = { spent: 1n, held: usd('0.50') };
    expect(await counters(gate)).toEqual({ all: after, more: after });
  },

  'a hold of another organization, or on something that is no budget, is refused': async (openWith) => {
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
  },

  'settlements are numbered without a gap, whatever their outcome': async (openWith) => {
    const { gate } = await openWith([budgetOf('all', usd('1'))]);
    const holds = await Promise.all(Array.from({ length: 30 }, () => held(gate, { expectedNanoUsd: 1n })));
    const endings = holds.map((hold, index) =>
      index % 3 === 0 ? gate.release(hold) : gate.settle({ hold, amountNanoUsd: 1n }),
    );
    const numbers = (await Promise.all(endings)).map(({ settlement }) => settlement.seq);
    expect(numbers.sort((left, right) => left - right)).toEqual(
      Array.from({ length: 30 }, (_, index) => index + 1),
    );
  },
};

import { createMemoryGate } from '@tallygate/gate';
import { createMemoryBatchOwners } from '@tallygate/meter';
import { systemClock, TallygateError } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { openEmbedded } from './embedded.ts';
import { historyWithoutEngine, workElsewhere } from './ledger-access.ts';
import type { Seat } from './seat.ts';
import { holdSeat, SeatUnavailable } from './seat-holder.ts';

const LOST = new Error('nobody answers');

function seatOf(name: string, parts: Partial<Seat> = {}): Seat & { name: string } {
  return {
    name,
    role: 'client',
    token: name,
    gate: Promise.resolve(createMemoryGate({ organization: name, clock: systemClock })),
    ledger: Promise.resolve({
      destination: { store: async () => {} },
      history: historyWithoutEngine,
      ledgerWork: workElsewhere,
      batchOwners: createMemoryBatchOwners({ clock: systemClock }),
    }),
    isLost: (error) => error === LOST,
    close: async () => {},
    ...parts,
  };
}

/** Time that only moves when it is told to. */
function stoppedClock() {
  let nowMs = 0;
  const advanceMs = (durationMs: number) => {
    nowMs += durationMs;
  };
  return { clock: { nowMs: () => nowMs, monotonicMs: () => nowMs }, advanceMs };
}

const nameOf = async (seat: Seat) => seat.token;
const failFirst = (failure: unknown) => {
  const asked: string[] = [];
  const question = async (name: string) => {
    asked.push(name);
    if (name === 'first') throw failure;
    return name;
  };
  return { asked, question };
};

describe('a seat', () => {
  it('that is lost is closed and replaced, and the question is asked once more', async () => {
    let closed = 0;
    const first = seatOf('first', { close: async () => void closed++ });
    const seats = holdSeat(first, async () => seatOf('second'), stoppedClock().clock);
    const { asked, question } = failFirst(LOST);
    expect(await seats.ask(nameOf, question)).toBe('second');
    expect(asked).toEqual(['first', 'second']);
    expect([seats.current().token, closed]).toEqual(['second', 1]);
  });

  it('is kept when an error is an answer', async () => {
    let searches = 0;
    const take = async () => {
      searches += 1;
      return seatOf('second');
    };
    const seats = holdSeat(seatOf('first'), take, stoppedClock().clock);
    const refusal = new TallygateError('TALLYGATE_CONFIGURATION_OUTDATED', { message: 'Version 4 is live.' });
    await expect(seats.ask(nameOf, failFirst(refusal).question)).rejects.toBe(refusal);
    expect(searches).toBe(0);
  });

  it('is searched for once, however many calls have lost it', async () => {
    let searches = 0;
    const take = async () => {
      searches += 1;
      return seatOf('second');
    };
    const seats = holdSeat(seatOf('first'), take, stoppedClock().clock);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => seats.ask(nameOf, failFirst(LOST).question)),
    );
    expect(new Set(answers)).toEqual(new Set(['second']));
    expect(searches).toBe(1);
  });

  it('that cannot be had is not searched for again within a second', async () => {
    let searches = 0;
    const take = async () => {
      searches += 1;
      throw new Error('nobody');
    };
    const { clock, advanceMs } = stoppedClock();
    const seats = holdSeat(seatOf('first'), take, clock);
    const ask = () => seats.ask(nameOf, failFirst(LOST).question);
    await expect(ask()).rejects.toBeInstanceOf(SeatUnavailable);
    await expect(ask()).rejects.toBeInstanceOf(SeatUnavailable);
    expect(searches).toBe(1);
    advanceMs(1_000);
    await expect(ask()).rejects.toBeInstanceOf(SeatUnavailable);
    expect(searches).toBe(2);
  });

  it('whose parts never opened counts as lost', async () => {
    const broken = seatOf('first', { gate: Promise.reject(new Error('disk')) });
    const seats = holdSeat(broken, async () => seatOf('second'), stoppedClock().clock);
    const organization = await seats.ask(
      (seat) => seat.gate,
      async (gate) => (await gate.configuration()).organization,
    );
    expect(organization).toBe('second');
  });

  it('is not replaced any more once it was closed', async () => {
    const seats = holdSeat(seatOf('first'), async () => seatOf('second'), stoppedClock().clock);
    await seats.close();
    await expect(seats.ask(nameOf, failFirst(LOST).question)).rejects.toBeInstanceOf(SeatUnavailable);
  });
});

describe('ports over seats', () => {
  const nobody = async () => {
    throw new TallygateError('TALLYGATE_DIRECTORY_OWNED', { message: 'Owned by 7.', cure: 'Stop 7.' });
  };
  const silentGate = {
    ...createMemoryGate({ organization: 'x', clock: systemClock }),
    balances: () => Promise.reject(LOST),
  };
  const silent = { gate: Promise.resolve(silentGate) };
  const silentLedger = {
    destination: { store: () => Promise.reject(LOST) },
    history: historyWithoutEngine,
    ledgerWork: workElsewhere,
    batchOwners: createMemoryBatchOwners({ clock: systemClock }),
  };

  it('tell an outage by what was asked, with the reason and cure of what keeps the seat', async () => {
    const first = seatOf('first', { ...silent, ledger: Promise.resolve(silentLedger) });
    let opened = false;
    const take = () => (opened ? nobody() : Promise.resolve(first));
    const { clock } = stoppedClock();
    const embedded = await openEmbedded({ clock, take });
    opened = true;
    await expect(embedded.gate.balances()).rejects.toMatchObject({
      code: 'TALLYGATE_GATE_UNAVAILABLE',
      message: 'Owned by 7. Stop 7.',
    });
    const segment = { token: 't', events: [], settlements: [], denials: [] };
    await expect(embedded.destination.store(segment)).rejects.toMatchObject({
      code: 'TALLYGATE_LEDGER_UNAVAILABLE',
    });
  });

  it('reject at the start with what keeps the owner from starting, and let the directory go', async () => {
    let closed = 0;
    const failure = new Error('disk');
    const broken = seatOf('first', { ledger: Promise.reject(failure), close: async () => void closed++ });
    await expect(openEmbedded({ clock: systemClock, take: async () => broken })).rejects.toBe(failure);
    expect(closed).toBe(1);
  });
});

import type { PriceBook } from '@tallygate/pricing';
import { contractedCostNanoUsd, emptyConfiguration, type UsageEvent } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RerateParts, rerateUsage } from './rerate-usage.ts';
import { AT_MS, bookTimes, CALL, eventOf, lineOf, MODELS } from './testing/made-usage.ts';

const SEED = 20_261_121;
const EVENTS_PER_PAGE = 3;

/** A ledger in a list, which keeps one row for each (event, line), and dies after so many flushes. */
function ledgerOf(events: readonly UsageEvent[]) {
  const rows = new Map(events.map((event) => [event.eventId, event]));
  let flushesLeft = Number.POSITIVE_INFINITY;
  const recorded: UsageEvent[] = [];
  const store = ({ eventId, lines }: UsageEvent) => {
    const event = rows.get(eventId) as UsageEvent;
    const held = new Set(event.lines.map(({ line }) => line));
    rows.set(eventId, { ...event, lines: [...event.lines, ...lines.filter(({ line }) => !held.has(line))] });
  };
  const history: RerateParts['history'] = {
    knownEvents: async () => [],
    usagePage: async ({ after }) => {
      const ids = [...rows.keys()].filter((id) => after === null || id > after.eventId).sort();
      const page = ids.slice(0, EVENTS_PER_PAGE);
      const eventId = page.at(-1);
      const isLast = eventId === undefined || page.length === ids.length;
      return {
        events: page.map((id) => rows.get(id) as UsageEvent),
        next: isLast ? null : { hourMs: AT_MS, team: '', feature: '', eventId },
      };
    },
  };
  const sink: RerateParts['sink'] = {
    recordOutcome: (event) => recorded.push(event),
    flush: async () => {
      if (flushesLeft === 0) throw new RangeError('killed');
      flushesLeft -= 1;
      for (const event of recorded.splice(0)) store(event);
      return { stored: 0, pending: 0 };
    },
  };
  return {
    ...{ history, sink },
    events: () => [...rows.values()],
    dieAfter: (flushes: number) => {
      flushesLeft = flushes;
    },
  };
}

function rerate({ history, sink }: Pick<RerateParts, 'history' | 'sink'>, book: PriceBook, write = true) {
  const snapshot = emptyConfiguration('acme');
  const apply = write ? { reason: 'a test', actor: 'ann' } : null;
  const range = { fromMs: AT_MS, toMs: AT_MS + 1 };
  return rerateUsage({ history, sink, snapshot, book, ...range, apply, onProgress: () => undefined });
}

function byTeam(events: readonly UsageEvent[]): Record<string, bigint> {
  const sums: Record<string, bigint> = {};
  for (const event of events) {
    const { team } = event.attribution;
    sums[team] = (sums[team] ?? 0n) + contractedCostNanoUsd(event);
  }
  return sums;
}

const used = fc
  .record({
    model: fc.constantFrom(...MODELS),
    input: fc.integer({ min: 0, max: 300_000 }),
    output: fc.nat({ max: 999 }),
  })
  .map((drawn) => ({ ...CALL, ...drawn }));
const call = fc.record({ what: used, team: fc.constantFrom('support', 'search', 'legal') });

describe('re-rating a range', () => {
  it('leaves each team at what fresh prices make of its usage, also when it was killed on the way', async () => {
    const [charged, wanted] = [bookTimes(2), bookTimes(3)];
    await fc.assert(
      fc.asyncProperty(
        fc.array(call, { minLength: 1, maxLength: 20 }),
        fc.nat({ max: 6 }),
        async (calls, flushes) => {
          const eventsBy = (book: PriceBook) =>
            calls.map(({ what, team }) => eventOf([lineOf(what, 0, book)], team));
          const ledger = ledgerOf(eventsBy(charged));
          const shown = await rerate(ledger, wanted, false);
          const fresh = byTeam(eventsBy(wanted));
          const told = [...shown.byTeam].map(([team, { afterNanoUsd }]) => [team, afterNanoUsd]);
          expect(Object.fromEntries(told)).toEqual(fresh);

          ledger.dieAfter(flushes);
          await rerate(ledger, wanted).catch((error: unknown) => expect(String(error)).toContain('killed'));
          ledger.dieAfter(Number.POSITIVE_INFINITY);
          await rerate(ledger, wanted);
          expect(byTeam(ledger.events())).toEqual(fresh);
          const { total } = await rerate(ledger, wanted);
          expect(total.correctedLines).toBe(0);
        },
      ),
      { seed: SEED, numRuns: 60 },
    );
  });

  it('writes nothing unless it is told to', async () => {
    const events = [eventOf([lineOf(CALL, 0, bookTimes(2))])];
    const ledger = ledgerOf(events);
    const { total } = await rerate(ledger, bookTimes(3), false);
    expect(total.correctedLines).toBe(1);
    expect(ledger.events()).toEqual(events);
  });

  it('stops where the ledger takes no more, and says how much waits', async () => {
    const { history } = ledgerOf([]);
    const sink = { recordOutcome: () => undefined, flush: async () => ({ stored: 0, pending: 4 }) };
    await expect(rerate({ history, sink }, bookTimes(1))).rejects.toMatchObject({
      code: 'TALLYGATE_LEDGER_UNAVAILABLE',
      message: expect.stringContaining('4 wait in the spool'),
    });
  });
});

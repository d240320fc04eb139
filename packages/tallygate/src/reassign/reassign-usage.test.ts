import { contractedCostNanoUsd, emptyConfiguration, type UsageEvent } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RowLedger, rowLedger } from '../corrections/testing/row-ledger.ts';
import { rerateUsage } from '../rerate/rerate-usage.ts';
import { AT_MS, bookTimes, CALL, eventOf, lineOf } from '../rerate/testing/made-usage.ts';
import { reassignUsage } from './reassign-usage.ts';

const SEED = 20_261_121;
const TEAMS = ['support', 'search', 'legal'];
const range = { fromMs: AT_MS, toMs: AT_MS + 1 };

function reassign(ledger: RowLedger, from: string, toTeam: string, write = true) {
  return reassignUsage({
    ...ledger,
    ...{ organization: 'acme', ...range, toTeam, configVersion: 1 },
    isMeant: ({ attribution }) => attribution.team === from,
    apply: write ? { actor: 'ann', reason: 'INC-9' } : null,
    onProgress: () => undefined,
  });
}

function rerate({ history, sink }: RowLedger, factor: number) {
  return rerateUsage({
    history: { ...history, knownEvents: async () => [] },
    ...{ sink, snapshot: emptyConfiguration('acme'), book: bookTimes(factor), ...range },
    apply: { actor: 'ann', reason: null },
    onProgress: () => undefined,
  });
}

const sumOf = (events: readonly UsageEvent[]) =>
  events.reduce((sum, event) => sum + contractedCostNanoUsd(event), 0n);
const costAt = (ledger: RowLedger, team: string) =>
  sumOf(ledger.events().filter(({ attribution }) => attribution.team === team));
const rowsOf = (ledger: RowLedger) => ledger.events().flatMap(({ lines }) => lines);

const call = fc.record({
  team: fc.constantFrom(...TEAMS),
  lines: fc.integer({ min: 1, max: 3 }),
  input: fc.integer({ min: 0, max: 90_000 }),
});
const move = fc.record({ from: fc.constantFrom(...TEAMS), to: fc.constantFrom(...TEAMS, 'new') });

function madeLedger(calls: readonly { team: string; lines: number; input: number }[]): RowLedger {
  return rowLedger(
    calls.map(({ team, lines, input }) =>
      eventOf(
        Array.from({ length: lines }, (_, line) =>
          lineOf({ ...CALL, input, output: line }, line, bookTimes(2)),
        ),
        team,
      ),
    ),
  );
}

describe('charging usage to another team', () => {
  it('conserves money, tokens and calls to the last digit, whatever is moved how often and wherever it is cut off', async () => {
    const walk = fc.asyncProperty(
      fc.array(call, { minLength: 1, maxLength: 8 }),
      fc.array(fc.tuple(move, fc.nat({ max: 12 })), { maxLength: 5 }),
      async (calls, moves) => {
        const ledger = madeLedger(calls);
        const before = { cost: sumOf(ledger.events()), recorded: recordedBy(ledger) };
        for (const [{ from, to }, rows] of moves) {
          const expected = costAt(ledger, to) + (from === to ? 0n : costAt(ledger, from));
          ledger.dieAfter(rows);
          await reassign(ledger, from, to).catch((error: unknown) =>
            expect(String(error)).toContain('killed'),
          );
          ledger.dieAfter(Number.POSITIVE_INFINITY);
          await reassign(ledger, from, to);
          expect(costAt(ledger, to)).toBe(expected);
          expect((await reassign(ledger, from, to)).attempts).toBe(0);
        }
        expect({ cost: sumOf(ledger.events()), recorded: recordedBy(ledger) }).toEqual(before);
      },
    );
    await fc.assert(walk, { seed: SEED, numRuns: 40 });
  });

  it('pairs each row that takes with one that gives, and says on both who did it and why', async () => {
    const ledger = madeLedger([{ team: 'support', lines: 1, input: 1_000 }]);
    const [recorded] = rowsOf(ledger);
    await reassign(ledger, 'support', 'legal');
    const [given, taken] = ledger.events().map(({ lines }) => lines.at(-1));
    const { listCostNanoUsd = 0n } = recorded ?? {};
    expect(given).toMatchObject({ listCostNanoUsd, responseModel: recorded?.responseModel });
    expect(taken).toMatchObject({ listCostNanoUsd: -listCostNanoUsd });
    expect(given?.flags).toEqual(['reassigned', 'from:support', 'by:ann', 'reason:INC-9']);
    expect(taken?.flags).toEqual(['reassigned', 'to:legal', 'by:ann', 'reason:INC-9']);
  });

  it('writes nothing unless it is told to', async () => {
    const ledger = madeLedger([{ team: 'support', lines: 2, input: 1_000 }]);
    const shown = await reassign(ledger, 'support', 'legal', false);
    expect(shown.byTeam.get('support')).toEqual({ attempts: 1, amountNanoUsd: costAt(ledger, 'support') });
    expect(rowsOf(ledger)).toHaveLength(2);
  });

  it('is no price: re-rating moves by what the prices moved, and a second move takes that along', async () => {
    const ledger = madeLedger([{ team: 'support', lines: 2, input: 1_000 }]);
    const fresh = madeLedger([{ team: 'support', lines: 2, input: 1_000 }]);
    await rerate(fresh, 3);
    await reassign(ledger, 'support', 'legal');
    await rerate(ledger, 3);
    expect((await rerate(ledger, 3)).total.correctedLines).toBe(0);
    expect(sumOf(ledger.events())).toBe(sumOf(fresh.events()));
    await reassign(ledger, 'support', 'legal');
    expect([costAt(ledger, 'support'), costAt(ledger, 'legal')]).toEqual([0n, sumOf(fresh.events())]);
  });
});

/** What no move may touch: the lines of the calls, at the teams that made them. */
function recordedBy(ledger: RowLedger) {
  return ledger.events().flatMap(({ attribution, lines }) => {
    const tokens = lines.map(({ line, usage }) => ({ line, usage })).filter(({ line }) => line < 1_000);
    return tokens.map((row) => ({ team: attribution.team, ...row }));
  });
}

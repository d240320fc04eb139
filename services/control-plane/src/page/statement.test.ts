import { CAUSES, type Reconciliation } from '@tallygate/reconcile';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lastOf, reconciliationOf } from '../testing/served-world.ts';
import { statementOf } from './statement.ts';

describe('statementOf', () => {
  it('leads from ours to the bill: every line added, to the last pico-dollar', () => {
    const statement = statementOf(lastOf());
    const sum = statement.causes.reduce(
      (total, { amountPicoUsd }) => total + amountPicoUsd,
      statement.internalPicoUsd + statement.residualPicoUsd,
    );
    expect(sum).toBe(statement.billedPicoUsd);
    expect(statement.causes.map(({ title }) => title)).toEqual([
      'Rounding',
      'Answers that callers left early',
      'Code execution',
    ]);
  });

  it('has a title and a note for every cause that a reconciliation can have', () => {
    const [example] = reconciliationOf().causes;
    if (!example) throw new Error('The example has causes.');
    const { causes } = statementOf(lastOf({ causes: CAUSES.map((cause) => ({ ...example, cause })) }));
    expect(causes).toHaveLength(CAUSES.length);
    for (const { title, note } of causes) {
      expect(title).toMatch(/^[A-Z][a-z]/);
      expect(note).toMatch(/^\w/);
      expect(note).not.toContain('$');
    }
  });

  it('reaches to the moment of comparing, not to the end of a day that is not over', () => {
    const open = lastOf();
    const { createdAtMs, toMs } = open.reconciliation;
    expect(statementOf(open).seenToMs).toBe(createdAtMs);
    expect(statementOf(lastOf({ createdAtMs: toMs + 1 })).seenToMs).toBe(toMs);
  });

  it('counts the days of each state, in the order of certainty', () => {
    expect(statementOf(lastOf()).days).toEqual([
      { state: 'open', count: 1 },
      { state: 'provisional', count: 1 },
    ]);
  });

  it.each<[Reconciliation['verdicts'], string]>([
    [{ tokens: 'agrees', money: 'agrees', requests: 'agrees' }, 'Our records and the bill agree.'],
    [{ tokens: 'explained', money: 'explained', requests: 'agrees' }, 'Every difference has a cause.'],
    [{ tokens: 'explained', money: 'agrees', requests: 'agrees' }, 'Every difference has a cause.'],
    [
      { tokens: 'differs', money: 'agrees', requests: 'agrees' },
      'The money is explained; some token counts still differ.',
    ],
    [
      { tokens: 'agrees', money: 'differs', requests: 'agrees' },
      'A part of the bill has no explanation yet.',
    ],
  ])('of %j says "%s"', (verdicts, said) => {
    expect(statementOf(lastOf({ verdicts })).verdict).toBe(said);
  });

  it('never calls a residual explained that the verdict does not', () => {
    const verdict = fc.constantFrom<Reconciliation['verdicts']['money']>('agrees', 'explained', 'differs');
    fc.assert(
      fc.property(verdict, fc.bigInt({ min: 1n, max: 2n ** 80n }), (money, residualPicoUsd) => {
        const verdicts = { tokens: 'agrees' as const, money, requests: 'agrees' as const };
        const statement = statementOf(lastOf({ verdicts, residualPicoUsd }));
        expect(statement.isExplained).toBe(money !== 'differs');
        expect(statement.residualNote === 'not explained by any evidence').toBe(money === 'differs');
      }),
      { seed: 20261121 },
    );
  });

  it('passes on what limits trust: caveats, and findings that could not be proved', () => {
    const [day] = reconciliationOf().days;
    const unexplained = {
      cause: 'unmetered_key' as const,
      reason: 'price_ambiguous' as const,
      dayMs: day?.dayMs ?? 0,
      fromMs: 0,
      toMs: 1,
      model: null,
      apiKeyId: null,
      attempts: 0,
    };
    const { remarks } = statementOf(
      lastOf({
        caveats: [{ caveat: 'key_unresolved', detail: 'A key fits none.' }],
        unexplained: [unexplained],
        unexplainedPlaces: 1,
      }),
    );
    expect(remarks).toEqual(['A key fits none.', '1 finding could not be proved and is in no line above.']);
  });
});

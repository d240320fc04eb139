import { describe, expect, it } from 'vitest';
import { billed, costRow, input, reconcile } from './testing/made-input.ts';

describe('a kind of cost that no response shows', () => {
  it.each([
    ['code_execution', 'code_execution'],
    ['session_usage', 'session_runtime'],
    ['quantum_usage', 'unknown_cost_type'],
  ])('%s is %s, as it was billed', (costType, cause) => {
    const row = costRow(250n, { cost_type: costType, description: 'A Line Of The Bill' });
    const result = reconcile(input(billed([], [row])));
    expect(result.causes).toMatchObject([
      { cause, amountPicoUsd: 250n, evidence: [{ description: 'A Line Of The Bill' }] },
    ]);
    expect(result.residualPicoUsd).toBe(0n);
  });

  it('is at list where list is stated, and its discount a cause of its own', () => {
    const row = { ...costRow(200n, { cost_type: 'code_execution' }), listAmountPicoUsd: 250n };
    const result = reconcile(input(billed([], [row])));
    expect(result.causes.map(({ cause, amountPicoUsd }) => [cause, amountPicoUsd])).toEqual([
      ['code_execution', 250n],
      ['discount', -50n],
    ]);
  });
});

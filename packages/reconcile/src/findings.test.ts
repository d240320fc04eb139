import { describe, expect, it } from 'vitest';
import { createFindings, MOST_EVIDENCE } from './findings.ts';
import { DAY_1 } from './testing/made-input.ts';
import { NO_TOKENS } from './token-counts.ts';

const finding = (amount: number) => ({
  dayMs: DAY_1,
  fromMs: DAY_1,
  toMs: DAY_1 + 1,
  model: `model-${amount}`,
  apiKeyId: null,
  workspaceId: null,
  attempts: 2,
  description: null,
  charged: { tokens: NO_TOKENS, amountPicoUsd: 0n },
  actual: { tokens: NO_TOKENS, amountPicoUsd: BigInt(amount) },
});

describe('what was found in a range of any size', () => {
  const count = 5_000;
  const heard: unknown[] = [];
  const listener = {
    found: (...told: unknown[]) => heard.push(told),
    doubted: (told: unknown) => heard.push(told),
  };
  const findings = createFindings(listener);
  for (let amount = 1; amount <= count; amount += 1) findings.explain('unmetered_key', finding(amount));
  const [cause] = findings.causes();

  it('is summed and counted whole, and shown by its largest', () => {
    expect(cause).toMatchObject({
      amountPicoUsd: BigInt((count * (count + 1)) / 2),
      places: count,
      attempts: 2 * count,
    });
    expect(cause?.byKey).toEqual([
      { apiKeyId: null, workspaceId: null, amountPicoUsd: cause?.amountPicoUsd },
    ]);
    expect(cause?.evidence).toHaveLength(MOST_EVIDENCE);
    expect(cause?.evidence.every(({ amountPicoUsd }) => amountPicoUsd > BigInt(count - MOST_EVIDENCE))).toBe(
      true,
    );
  });

  it('lists no more that it could not explain, and counts all', () => {
    const place = { dayMs: 0, fromMs: 0, toMs: 1, model: null, apiKeyId: null, attempts: 0 };
    for (let index = 0; index < count; index += 1)
      findings.doubt({ cause: 'missing_rows', reason: 'no_row', ...place });
    const { unexplained, unexplainedPlaces } = findings.unexplained();
    expect([unexplained.length, unexplainedPlaces]).toEqual([MOST_EVIDENCE, count]);
  });

  it('is told one by one to whoever listens, kept or not', () => {
    expect(heard).toHaveLength(2 * count);
    expect(heard[0]).toMatchObject(['unmetered_key', { model: 'model-1', amountPicoUsd: 1n }, []]);
    expect(heard.at(-1)).toMatchObject({ reason: 'no_row' });
  });
});

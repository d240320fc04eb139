/** Calibration: what the provider counted and charged for recorded requests, against what was estimated of them beforehand. */
import { tokenizerOf } from '@tallygate/pricing';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Estimated, estimateRecordings, hasRecordings } from './estimate-recordings.ts';

const OLDER = tokenizerOf('claude-sonnet-4-6');
const NEWER = tokenizerOf('claude-sonnet-5');

describe('estimates of the recorded requests', () => {
  let all: Estimated[] = [];
  beforeAll(async () => {
    if (hasRecordings) all = await estimateRecordings();
  });
  beforeEach((context) => context.skip(!hasRecordings, 'skipped: no recordings'));

  it('are made of all that were recorded', () => {
    expect(all.length).toBeGreaterThan(450);
  });

  it('never cost more than their worst case', () => {
    const above = all.filter(({ chargedNanoUsd, worstNanoUsd }) => chargedNanoUsd > worstNanoUsd);
    expect(above).toEqual([]);
  });

  it.each([
    ['older', OLDER, 350, 1.1, 2],
    // Few, small, and mostly with tools of the provider: a fixed addition for those weighs much in a small request.
    ['newer', NEWER, 40, 1.2, 4],
  ])(
    'are never below the count of the %s tokenizer, nor far above it on the median',
    (_name, tokenizer, many, least, median) => {
      const ratios = all
        .filter(({ model }) => tokenizerOf(model) === tokenizer)
        .flatMap(({ promptTokens, countedTokens }) => (countedTokens ? [promptTokens / countedTokens] : []))
        .sort((left, right) => left - right);
      expect(ratios.length).toBeGreaterThan(many);
      expect(ratios[0]).toBeGreaterThan(least);
      expect(ratios[Math.floor(ratios.length / 2)]).toBeLessThan(median);
    },
  );

  it('expect no more than they fear, once they have learned', () => {
    expect(all.some(({ expectedNanoUsd, worstNanoUsd }) => expectedNanoUsd < worstNanoUsd)).toBe(true);
    expect(all.every(({ expectedNanoUsd, worstNanoUsd }) => expectedNanoUsd <= worstNanoUsd)).toBe(true);
  });
});

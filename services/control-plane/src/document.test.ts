import { nanoFromUsd } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toDocument } from './document.ts';

describe('toDocument', () => {
  it('takes the unit out of the name and puts the amount and the instant into text, at any depth', () => {
    const value = {
      createdAtMs: 0,
      limitNanoUsd: 500n,
      roundingPicoUsd: -1n,
      lines: [{ amountPicoUsd: 2_000n, day: { startMs: 86_400_000 } }],
      calls: 3,
      name: 'acme',
      none: null,
    };
    expect(toDocument(value)).toEqual({
      createdAt: '1970-01-01T00:00:00.000Z',
      limitUsd: '0.000000500',
      roundingUsd: '-0.000000000001',
      lines: [{ amountUsd: '0.000000002', day: { start: '1970-01-02T00:00:00.000Z' } }],
      calls: 3,
      name: 'acme',
      none: null,
    });
  });

  it('loses nothing of an amount: the text reads back as the same nano-USD', () => {
    const int64 = fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n });
    fc.assert(
      fc.property(int64, (spentNanoUsd) => {
        expect(nanoFromUsd(String(toDocument({ spentNanoUsd })['spentUsd']))).toBe(spentNanoUsd);
      }),
      { seed: 20261121 },
    );
  });
});

import { NANO_USD_MAX, type Settlement } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { requireStorableSettlement } from './storable.ts';

const settled = (amountNanoUsd: bigint, settledAtMs = 0): Settlement => ({
  attemptId: 'a',
  organization: 'acme',
  kind: 'settle',
  epoch: 'e',
  seq: 1,
  budgetInstantMs: 0,
  settledAtMs,
  entries: [{ key: 'k', amountNanoUsd }],
});

describe('what the tables can hold', () => {
  it('is all of Int64 and every instant up to the end of 2299', () => {
    for (const amount of [0n, NANO_USD_MAX, -NANO_USD_MAX - 1n]) requireStorableSettlement(settled(amount));
    requireStorableSettlement(settled(0n, Date.UTC(2300, 0) - 1));
  });

  it('is nothing beyond: the engine would store another number without a word', () => {
    for (const amount of [NANO_USD_MAX + 1n, -NANO_USD_MAX - 2n]) {
      expect(() => requireStorableSettlement(settled(amount))).toThrow(`amountNanoUsd = ${amount}`);
    }
    for (const instant of [-1, Date.UTC(2300, 0), Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => requireStorableSettlement(settled(0n, instant))).toThrow('settledAtMs');
    }
  });
});

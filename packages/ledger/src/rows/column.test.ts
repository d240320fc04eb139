import { NANO_USD_MAX, type Settlement } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { settlementRow } from './settlement-row.ts';

const settled = (amountNanoUsd: bigint, settledAtMs = 0): Settlement => ({
  attemptId: 'a',
  organization: 'acme',
  kind: 'settle',
  epoch: 'e',
  seq: 1,
  budgetInstantMs: 0,
  settledAtMs,
  entries: [{ key: 'k', amount: amountNanoUsd }],
});

describe('what the tables can hold', () => {
  it('is all of Int64 and every instant up to the end of 2299', () => {
    for (const amount of [0n, NANO_USD_MAX, -NANO_USD_MAX - 1n]) settlementRow(settled(amount));
    settlementRow(settled(0n, Date.UTC(2300, 0) - 1));
  });

  it('is nothing beyond: the engine would store another number without a word', () => {
    for (const amount of [NANO_USD_MAX + 1n, -NANO_USD_MAX - 2n]) {
      expect(() => settlementRow(settled(amount))).toThrow(`amounts = ${amount}`);
    }
    for (const instant of [-1, 0.5, Date.UTC(2300, 0), Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => settlementRow(settled(0n, instant))).toThrow('settled_at');
    }
  });

  it('is no half of a character, which stands there as U+FFFD; whole ones and backslashes stay as they are', () => {
    const epochOf = (epoch: string) => JSON.parse(settlementRow({ ...settled(0n), epoch }))[3];
    expect(epochOf('Zürich 🧾'.slice(0, 8))).toBe('Zürich \ufffd');
    expect(epochOf('\udc00a\ud83d\ud83d')).toBe('\ufffda\ufffd\ufffd');
    for (const whole of ['Zürich 🧾', '\\ud83d', '\\\\ud83d\n', 'C:\\udder'])
      expect(epochOf(whole)).toBe(whole);
  });
});

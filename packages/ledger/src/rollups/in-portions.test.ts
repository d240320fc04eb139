import { ClickHouseError } from '@clickhouse/client';
import { TallygateError } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { ledgerFailure } from '../database-errors.ts';
import { inPortions } from './in-portions.ts';

const exhausted = () => new TallygateError('TALLYGATE_LEDGER_EXHAUSTED', { message: 'Too much.' });

describe('work in portions', () => {
  it('is done at once where memory allows, and not at all without items', async () => {
    const portions: number[][] = [];
    const keep = async (portion: number[]) => void portions.push(portion);
    await inPortions([], keep);
    await inPortions([1, 2, 3], keep);
    expect(portions).toEqual([[1, 2, 3]]);
  });

  it('is halved until memory is enough; every item is done once, and what failed before is not tried again', async () => {
    const tried: number[] = [];
    const done: number[] = [];
    await inPortions([1, 2, 3, 4, 5, 6, 7], async (portion) => {
      tried.push(portion.length);
      if (portion.length > 2) throw exhausted();
      done.push(...portion);
    });
    expect(done).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(tried).toEqual([7, 4, 2, 2, 2, 1]);
  });

  it('halves, too, where the engine ran out of memory for rows', async () => {
    const full = new ClickHouseError({ message: 'Full.', code: '241', type: 'MEMORY_LIMIT_EXCEEDED' });
    const tried: number[] = [];
    await inPortions([1, 2], async (portion) => {
      tried.push(portion.length);
      if (portion.length > 1) throw ledgerFailure(full);
    });
    expect(tried).toEqual([2, 1, 1]);
  });

  it('fails when a single item is too much, and at any other fault at once', async () => {
    const outage = new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', { message: 'Away.' });
    await expect(inPortions([1, 2, 3], () => Promise.reject(exhausted()))).rejects.toMatchObject({
      code: 'TALLYGATE_LEDGER_EXHAUSTED',
    });
    let calls = 0;
    const fail = async () => {
      calls += 1;
      throw outage;
    };
    await expect(inPortions([1, 2, 3], fail)).rejects.toBe(outage);
    expect(calls).toBe(1);
  });
});

import { describe, expect, it } from 'vitest';
import { createMemoryBatchOwners } from './memory-batch-owners.ts';

const DAY_MS = 24 * 3_600_000;

describe('owners in process', () => {
  it('are kept as long as the provider keeps results, and then make room', async () => {
    let nowMs = 0;
    const owners = createMemoryBatchOwners({ clock: { nowMs: () => nowMs, monotonicMs: () => nowMs } });
    const old = { organization: 'acme', batchId: 'old' };
    await owners.markItemsCounted(old, ['a']);
    nowMs = 30 * DAY_MS;
    await owners.markItemsCounted({ ...old, batchId: 'newer' }, ['b']);
    expect(await owners.markItemsCounted(old, [])).toBe(1);
    nowMs = 32 * DAY_MS;
    await owners.markItemsCounted({ ...old, batchId: 'newest' }, ['c']);
    expect(await owners.markItemsCounted(old, [])).toBe(0);
    expect(await owners.markItemsCounted({ ...old, batchId: 'newer' }, [])).toBe(1);
  });
});

import { timingSafeEqual } from 'node:crypto';
import { createMemoryGate } from '@tallygate/gate';
import { describe, expect, it, vi } from 'vitest';
import { testPlane } from './testing/planes.ts';
import { clock } from './testing/served-world.ts';

vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>();
  return { ...crypto, timingSafeEqual: vi.fn(crypto.timingSafeEqual) };
});

/** On its own, because it replaces a module: other unit tests share theirs. */
describe('the token', () => {
  it('is compared by digests of one length in constant time', async () => {
    const plane = testPlane(createMemoryGate({ organization: 'acme', clock }), {});
    vi.mocked(timingSafeEqual).mockClear();
    await plane.post('/v1/gate/balances', {}, { authorization: 'Bearer short' });
    expect(timingSafeEqual).toHaveBeenCalledTimes(1);
    const [offered, right] = vi.mocked(timingSafeEqual).mock.calls[0] ?? [];
    expect([offered?.byteLength, right?.byteLength]).toEqual([32, 32]);
  });
});

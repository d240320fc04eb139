import { describe, expect, it } from 'vitest';
import { createUuidV7Sequence } from './uuid-v7.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('a sequence of UUIDv7', () => {
  it('carries the time where RFC 9562 puts it (appendix A.6), with version and variant', () => {
    const id = createUuidV7Sequence(() => 0x017f22e279b0)();
    expect(id).toMatch(UUID_V7);
    expect(id.slice(0, 13)).toBe('017f22e2-79b0');
  });

  it('sorts as it was made while the clock stands still, for more ids than a millisecond has numbers', () => {
    const newId = createUuidV7Sequence(() => 1_000);
    const ids = Array.from({ length: 10_000 }, newId);
    expect(ids).toEqual([...new Set(ids)].sort());
    expect(ids.every((id) => UUID_V7.test(id))).toBe(true);
  });

  it('sorts as it was made when the clock steps back, and goes by the clock again once that has caught up', () => {
    const times = [5_000, 4_000, 4_999, 5_000, 5_001];
    const newId = createUuidV7Sequence(() => times.shift() ?? 0);
    const ids = Array.from({ length: 5 }, newId);
    expect(ids).toEqual([...ids].sort());
    expect(ids.at(-1)?.slice(0, 13)).toBe('00000000-1389');
  });

  it('shares no id with another sequence of the same instant', () => {
    const [left, right] = [createUuidV7Sequence(() => 1), createUuidV7Sequence(() => 1)];
    expect(left()).not.toBe(right());
  });
});

import { describe, expect, it } from 'vitest';
import { isoFromMs, systemClock } from './clock.ts';
import { newAttemptId, newCallId, newDenialId } from './identity.ts';

describe.each([
  ['attempt', newAttemptId],
  ['call', newCallId],
  ['denial', newDenialId],
])('the id of a new %s', (_noun, newId) => {
  it('is a UUIDv7', () => {
    expect(newId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('sorts after every id made before it in this process, and is never made twice', () => {
    const ids = Array.from({ length: 2_000 }, newId);
    expect(ids).toEqual([...new Set(ids)].sort());
  });
});

describe('time', () => {
  it('is written as ISO 8601 with milliseconds and Z', () => {
    expect(isoFromMs(0)).toBe('1970-01-01T00:00:00.000Z');
    expect(isoFromMs(Date.UTC(2026, 10, 21, 1, 2, 3, 4))).toBe('2026-11-21T01:02:03.004Z');
  });

  it('of the system clock is in milliseconds since the epoch, and its durations never run back', () => {
    expect(systemClock.nowMs()).toBeGreaterThan(Date.UTC(2026, 0, 1));
    const readings = Array.from({ length: 100 }, () => systemClock.monotonicMs());
    expect(readings).toEqual([...readings].sort((left, right) => left - right));
  });
});

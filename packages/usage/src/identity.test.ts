import { describe, expect, it } from 'vitest';
import { isoFromMs, systemClock } from './clock.ts';
import { derivedEventId, newAttemptId, newCallId, newDenialId, uuidFromSha256 } from './identity.ts';

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

describe('an id derived from what a source names', () => {
  it('is laid out as RFC 9562 shows it for SHA-256 (appendix B.2)', () => {
    const dnsNamespace = Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex');
    const content = Buffer.concat([dnsNamespace, Buffer.from('www.example.com')]);
    expect(uuidFromSha256(content)).toBe('5c146b14-3c52-8afd-938a-375d0df1fbf6');
  });

  it('stays what it is today: rows of the past carry it', () => {
    expect(derivedEventId('anthropic-batch', '["msgbatch_1","item-1"]')).toBe(
      '831663c7-e581-8ded-8db1-e942654f29e9',
    );
  });

  it('differs for every source and key, also where one ends as the other begins', () => {
    const ids = [
      ['a', 'bc'],
      ['ab', 'c'],
      ['1:a', 'b'],
      ['', '1:ab'],
      ['é', 'x'],
    ].map(([source = '', key = '']) => derivedEventId(source, key));
    expect(new Set(ids).size).toBe(ids.length);
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

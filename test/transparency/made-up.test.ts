import { describe, expect, it } from 'vitest';
import { meterRig } from '../contract/metered-fixtures.ts';
import { differences } from './compare.ts';
import type { Door } from './doors.ts';
import { MADE_UP } from './made-up.ts';
import type { Reading } from './observe.ts';
import { withoutDeprecations } from './quiet.ts';
import { CLIENT_READINGS, FETCH_READINGS } from './readings.ts';

/** What a provider may answer, read in every way, with and without the meter: the caller cannot tell which is which. */
const { meter, events } = meterRig({ limitUsd: '1000000' });

withoutDeprecations();

describe.each<[string, Door, readonly Reading[]]>([
  ['a wrapped client', 'wrapped', CLIENT_READINGS],
  ['a client whose fetch is metered', 'fetch', CLIENT_READINGS],
  ['a metered fetch', 'fetch', FETCH_READINGS],
])('%s gives what it gives unmetered', (_name, door, readings) => {
  it.each(readings.map((reading) => [reading.name, reading] as const))('%s', async (_way, reading) => {
    events.length = 0;
    expect(await differences(reading, MADE_UP, [door, meter])).toEqual([]);
    expect(events.length, 'metered meanwhile').toBeGreaterThan(0);
  });
});

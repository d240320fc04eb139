import { beforeEach, describe, expect, it } from 'vitest';
import { meterRig } from '../contract/metered-fixtures.ts';
import { differences } from './compare.ts';
import type { Door } from './doors.ts';
import { recordedExchanges } from './exchanges.ts';
import type { Reading } from './observe.ts';
import { withoutDeprecations } from './quiet.ts';

/** Every recorded exchange, read in every one of these ways, with and without the meter: the caller cannot tell which is which. */
export function describeRecordings(name: string, door: Door, readings: readonly Reading[]): void {
  const exchanges = recordedExchanges();
  const { meter, events } = meterRig({ limitUsd: '1000000' });

  describe(`${name} gives what it gives unmetered, for every recording`, () => {
    withoutDeprecations();
    beforeEach((context) => context.skip(exchanges.length === 0, 'skipped: no recordings'));

    it.each(readings.map((reading) => [reading.name, reading] as const))('%s', async (_way, reading) => {
      events.length = 0;
      expect(exchanges.length).toBeGreaterThan(600);
      expect(await differences(reading, exchanges, [door, meter])).toEqual([]);
      expect(events.length, 'metered meanwhile').toBeGreaterThan(0);
    });
  });
}

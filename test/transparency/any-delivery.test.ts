import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { meterRig } from '../contract/metered-fixtures.ts';
import { anyCase, type Case } from './arbitrary-cases.ts';
import type { Door } from './doors.ts';
import { firstDifference } from './first-difference.ts';
import { observe } from './observe.ts';
import { withoutDeprecations } from './quiet.ts';
import { recordedTokens, seenTokens } from './tokens.ts';

/**
 * Any answer, cut anywhere, broken off or aborted at any point, read or left in any way: what the caller sees and what reaches
 * the source is the same with and without the meter, and the row is never below what was seen. Replay a failure with
 * SEED=<seed of the title>.
 */
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const RUNS = 700;

describe(`any delivery: seed ${seed}`, () => {
  withoutDeprecations();

  it.each(['wrapped', 'fetch'] as const)(
    'is seen alike, and never recorded below what was seen: %s',
    async (door) => {
      const recorded = { rows: 0, broken: 0 };
      await fc.assert(
        fc.asyncProperty(anyCase(door), async (given) => {
          const rows = await compare(given, door);
          recorded.rows += rows.length;
          recorded.broken += rows.filter(({ status }) => status === 'aborted').length;
        }),
        { seed, numRuns: RUNS },
      );
      // A run that metered nothing, or met no broken stream, has proved nothing about them.
      expect(recorded.rows).toBeGreaterThan(RUNS / 2);
      expect(recorded.broken).toBeGreaterThan(RUNS / 50);
    },
  );
});

async function compare({ exchange, delivery, reading }: Case, door: Door) {
  const { meter, events } = meterRig();
  const bare = await observe(reading, exchange, delivery, ['bare', meter]);
  const metered = await observe(reading, exchange, delivery, [door, meter]);
  await meter.close();
  expect(firstDifference(bare, metered), reading.name).toBeNull();
  const isMessage = exchange.endpoint === 'messages';
  if (isMessage) expect(events.length, `rows, ${reading.name}`).toBe(1);
  if (isMessage && exchange.status < 400) {
    const [seen, recorded] = [seenTokens(metered), recordedTokens(events)];
    expect(recorded.input, `input, ${reading.name}`).toBeGreaterThanOrEqual(seen.input);
    expect(recorded.output, `output, ${reading.name}`).toBeGreaterThanOrEqual(seen.output);
  }
  return events;
}

import { DRAIN_DEFAULTS } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { meterRig } from '../contract/metered-fixtures.ts';
import { anyCase, type Case } from './arbitrary-cases.ts';
import type { Door } from './doors.ts';
import { firstDifference } from './first-difference.ts';
import { type Observation, observe } from './observe.ts';
import { withoutDeprecations } from './quiet.ts';
import { recordedTokens, seenTokens } from './tokens.ts';

/**
 * As `any-delivery.test.ts`, for a feature whose answers are drained: the caller sees what it sees unmetered, however it leaves.
 * What reaches the source differs, that is the point of it. Replay a failure with SEED=<seed of the title>.
 */
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const RUNS = 400;

/**
 * These can tell that a chunk arrives some microtasks later: they cancel, or read ahead and drop what they have at an error, in the
 * very turn in which it comes. docs/decisions/leaving-a-stream.md says why that stays.
 */
const SEES_TURNS = /^cancelling while chunk|a node stream/;

describe(`any delivery to a feature that drains: seed ${seed}`, () => {
  withoutDeprecations();

  it.each(['wrapped', 'fetch'] as const)(
    'is seen alike, and never recorded below what was seen: %s',
    async (door) => {
      let rows = 0;
      const run = async (given: Case) => {
        fc.pre(!SEES_TURNS.test(given.reading.name));
        rows += await compare(given, door);
      };
      await fc.assert(fc.asyncProperty(anyCase(door), run), { seed, numRuns: RUNS });
      expect(rows).toBeGreaterThan(RUNS / 2);
    },
  );
});

async function compare({ exchange, delivery, reading }: Case, door: Door): Promise<number> {
  const { meter, events } = meterRig({ features: [{ id: 'chat', onLeave: 'drain', ...DRAIN_DEFAULTS }] });
  const bare = await observe(reading, exchange, delivery, ['bare', meter]);
  const metered = await observe(reading, exchange, delivery, [door, meter]);
  await meter.close();
  expect(firstDifference(byCaller(bare), byCaller(metered)), reading.name).toBeNull();
  if (exchange.isStreamed) {
    const [seen, recorded] = [seenTokens(metered), recordedTokens(events)];
    expect(recorded.input, `input, ${reading.name}`).toBeGreaterThanOrEqual(seen.input);
    expect(recorded.output, `output, ${reading.name}`).toBeGreaterThanOrEqual(seen.output);
  }
  return events.length;
}

/** Without what reached the source, also where the reading itself looked there. */
function byCaller({ seen }: Observation): Observation {
  return { seen: seen.filter(([what]) => what !== 'asked so far'), source: [] };
}

import type { NanoUsd } from '@tallygate/usage';
import fc from 'fast-check';
import { DAY_MS, HOUR_MS, MINUTE_MS } from './gate-fixtures.ts';
import { TEAMS } from './gate-model.ts';

/** What can be done to a gate, in any order. */
export type Operation =
  | {
      do: 'reserve';
      call: number;
      team: string;
      expected: NanoUsd;
      worst: NanoUsd;
      ttlMs: number;
      enforce: boolean;
      stale: boolean;
    }
  | { do: 'settle'; call: number; amount: NanoUsd }
  | { do: 'release'; call: number }
  | { do: 'extend'; call: number; ttlMs: number }
  | { do: 'pass'; durationMs: number }
  | { do: 'publish'; budget: string; limit: NanoUsd };

/** Few, so that operations meet each other on the same attempt. */
const CALLS = 16;
const call = fc.nat(CALLS - 1);
const amount = fc.oneof(
  { weight: 6, arbitrary: fc.bigInt(0n, 1_000n) },
  { weight: 1, arbitrary: fc.constantFrom(0n, 100_000_000n, 10n ** 14n + 1n, 2n ** 53n + 1n) },
);
const ttlMs = fc.integer({ min: 1, max: 12 * MINUTE_MS });
const limit = fc.oneof(
  fc.bigInt(0n, 4_000n),
  fc.constantFrom(2n ** 53n, 2n ** 53n + 1n, 9_200_000_000_000_000_000n),
);
const durationMs = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 2 * MINUTE_MS }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(5 * MINUTE_MS, HOUR_MS, -25 * MINUTE_MS, 11 * HOUR_MS, 17 * DAY_MS),
  },
);

export const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('reserve' as const),
      call,
      team: fc.constantFrom(...TEAMS),
      expected: amount,
      worst: amount,
      ttlMs,
      enforce: fc.boolean(),
      stale: fc.constantFrom(false, false, false, false, true),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('settle' as const), call, amount }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), call }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('extend' as const), call, ttlMs }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), durationMs }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      budget: fc.constantFrom('all', 'daily', 'support'),
      limit,
    }),
  },
);

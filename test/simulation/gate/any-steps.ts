import fc from 'fast-check';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../contract/gate-fixtures.ts';
import { BUDGET_IDS, REMOVABLE_IDS } from './budgets.ts';
import type { Change, Publishing, Step } from './steps.ts';

/** How likely each step is, and with which numbers: most are ordinary, and every kind of trouble comes several times in a scenario or two. */

/** Few, so that steps meet each other on the same attempt; more than a scenario can end, so that there are always new ones. */
const CALLS = 160;
const call = fc.nat(CALLS - 1);
const process = fc.nat(1);
const budget = fc.constantFrom(...BUDGET_IDS);
const EDGES_OF_NUMBERS = [
  0n,
  100_000_000n,
  10n ** 14n - 1n,
  10n ** 14n + 1n,
  2n ** 53n - 1n,
  2n ** 53n + 1n,
  9_200_000_000_000_000_000n,
];
const amount = fc.oneof(
  { weight: 16, arbitrary: fc.bigInt(0n, 1_000n) },
  { weight: 1, arbitrary: fc.constantFrom(...EDGES_OF_NUMBERS) },
);
const limit = fc.oneof(fc.bigInt(0n, 6_000n), fc.constantFrom(2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n));
const ttlMs = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 12 * MINUTE_MS }) },
  { weight: 1, arbitrary: fc.constantFrom(25 * HOUR_MS, 16 * MINUTE_MS, 33 * MINUTE_MS) },
);
const durationMs = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 2 * MINUTE_MS }) },
  { weight: 1, arbitrary: fc.constantFrom(-25 * MINUTE_MS, HOUR_MS, 11 * HOUR_MS, 17 * DAY_MS) },
);
const isRarelyTrue = fc.nat(19).map((number) => number === 13);
const asking = {
  process,
  call,
  payer: fc.nat(4),
  expected: amount,
  worst: amount,
  ttlMs,
  enforce: fc.boolean(),
  isStale: isRarelyTrue,
};
const naming = {
  process,
  call,
  from: fc.constantFrom<('live' | 'all')[]>('live', 'live', 'live', 'all'),
  copy: fc.constantFrom<('answered' | 'made up')[]>('answered', 'answered', 'answered', 'made up'),
};
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ budget, limit }),
  fc.record({ budget: fc.constantFrom(...REMOVABLE_IDS), isLive: fc.boolean() }),
);

const as = fc.constantFrom<Publishing[]>('next', 'next', 'again', 'outdated');
const edge = fc.constantFrom<('bucket' | 'period')[]>('bucket', 'bucket', 'period');
const aroundEdgeMs = fc.constantFrom(-1, 0, 1);
const skewMs = fc.constantFrom(-HOUR_MS, -1_500, 0, 1_500, HOUR_MS);

const step: fc.Arbitrary<Step> = fc.oneof(
  sometimes(160, 'reserve', asking),
  sometimes(120, 'settle', { ...naming, amount }),
  sometimes(36, 'release', naming),
  sometimes(36, 'extend', { ...naming, ttlMs }),
  sometimes(3, 'abandon', asking),
  sometimes(7, 'publish', { process, change, as }),
  sometimes(12, 'tell', { process }),
  sometimes(40, 'pass', { durationMs }),
  sometimes(16, 'pass to edge', { edge, budget, offMs: aroundEdgeMs }),
  sometimes(6, 'skew', { offMs: skewMs }),
  sometimes(2, 'restart', { process }),
  sometimes(2, 'rebuild', {}),
  sometimes(1, 'lose everything', {}),
  sometimes(6, 'lose a counter', { budget }),
  sometimes(1, 'lose the scripts', {}),
);

function sometimes<Name extends Step['do'], Parts>(
  weight: number,
  name: Name,
  parts: { [Key in keyof Parts]: fc.Arbitrary<Parts[Key]> },
): fc.WeightedArbitrary<{ do: Name } & Parts> {
  const arbitrary = fc.record(parts).map((given) => ({ do: name, ...given }) as { do: Name } & Parts);
  return { weight, arbitrary };
}

/** Always of the same length, so that operations can be counted on; a failing one shrinks by steps that turn into nothing. */
export function scenarioOf(length: number): fc.Arbitrary<Step[]> {
  const steps = fc.array(fc.option(step, { freq: 10_000 }), { minLength: length, maxLength: length });
  return steps.map((given) => given.filter((known) => known !== null));
}

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HOUR_MS } from '../../contract/gate-fixtures.ts';
import { scenarioOf } from './any-steps.ts';
import { GateModel } from './model.ts';
import type { Step } from './steps.ts';
import { Walk } from './walk.ts';
import type { Lane, ModelLedger, WorldKind } from './worlds.ts';

/**
 * Any order of steps, from any process, with losses and clocks that differ: admission, all or nothing, once, conservation, no leak, pinned,
 * gapless, exact, alerts once. SEED
 * replays a run; with SEED_PATH, both as a failure's message names them, it replays the failure alone.
 */
const baseSeed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const replayPath = process.env['SEED_PATH'];

const STEPS_PER_SCENARIO = 300;
/** Fewer than that: time that passes asks a gate nothing. */
const OPERATIONS_PER_SCENARIO = 200;
const STEPS_BETWEEN_BALANCES = 10;
const LONGEST_TTL_MS = 25 * HOUR_MS;
/** Three minutes on one core, and a machine that is busy with all the other tests. */
const TIMEOUT_MS = 1_200_000;

export interface WalkSize {
  /** Questions to the gate that must have been answered, and compared, when the test ends. */
  operations: number;
  /** How many scenarios run at once. */
  lanes: number;
}

/** Every gate gives these, whatever it is made of. */
const ANSWERS = [
  ...[
    'held',
    'shared',
    'known',
    'denied',
    'denied: too fast',
    'outdated',
    'refused',
    'settled',
    'released',
    'late',
    'reopened',
    'orphan',
  ],
  ...['duplicate', 'extended', 'ended', 'balances', 'lose everything'],
  ...['told some', 'told nobody'],
  ...['next: published', 'again: published', 'outdated: TALLYGATE_CONFIGURATION_OUTDATED'],
];
/** And these where they can happen. */
const LOSSES: readonly Step['do'][] = ['restart', 'rebuild', 'lose a counter', 'lose the scripts'];

export function describeWalks(name: string, kind: WorldKind, { operations, lanes }: WalkSize): void {
  const title = `${operations} operations in any order leave what a model without counters adds up`;
  describe(`${name}: seed ${baseSeed}`, () => {
    test(title, { timeout: TIMEOUT_MS }, async () => {
      const tally = new Tally(operations);
      const scenarios = Math.ceil(operations / lanes / OPERATIONS_PER_SCENARIO);
      const numbers = Array.from({ length: replayPath === undefined ? lanes : 1 }, (_none, lane) => lane);
      await Promise.all(numbers.map((lane) => walkLane(kind, baseSeed + lane, scenarios, tally)));
      process.stdout.write(`${name}: ${tally.executed} operations executed, seed ${baseSeed}\n`);
      // A run that never got to an answer has proved nothing about it.
      const losses = LOSSES.filter((loss) => !kind.cannot.has(loss));
      expect([...tally.answers]).toEqual(expect.arrayContaining([...ANSWERS, ...losses]));
      expect(tally.executed).toBeGreaterThanOrEqual(operations);
    });
  });
}

/** What was asked of the gates, and answered as the model does. */
class Tally {
  executed = 0;
  /** Of the lane that failed first; it looks for the shortest failure while the others stop. */
  failedSeed: number | null = null;
  readonly answers = new Set<string>();
  readonly #enough: number;

  constructor(enough: number) {
    this.#enough = enough;
  }

  isDoneWith(seed: number): boolean {
    return this.failedSeed === null ? this.executed >= this.#enough : this.failedSeed !== seed;
  }

  /** @param answer null: nothing was asked. */
  add(answer: string | null): void {
    if (answer === null) return;
    this.executed += 1;
    this.answers.add(answer);
  }
}

async function walkLane(kind: WorldKind, seed: number, numRuns: number, tally: Tally): Promise<void> {
  const lane = await kind.openLane();
  try {
    const scenario = fc.asyncProperty(scenarioOf(STEPS_PER_SCENARIO), async (steps) => {
      if (tally.isDoneWith(seed)) return;
      await walk(kind, lane, steps, tally).catch((error: unknown) => {
        tally.failedSeed ??= seed;
        throw error;
      });
    });
    await fc.assert(scenario, { seed, numRuns, ...(replayPath === undefined ? {} : { path: replayPath }) });
  } finally {
    await lane.close();
  }
}

async function walk(kind: WorldKind, lane: Lane, steps: readonly Step[], tally: Tally): Promise<void> {
  const ledger: ModelLedger = { settlements: [], alerts: new Map(), configuration: undefined };
  const world = await lane.open(ledger);
  try {
    const scenario = new Walk(world, ledger, new GateModel(kind.maxSkewMs));
    await scenario.begin();
    for (const [index, step] of steps.filter((given) => !kind.cannot.has(given.do)).entries()) {
      tally.add(await scenario.take(step));
      if (index % STEPS_BETWEEN_BALANCES === 0)
        tally.add(await scenario.expectSameBalances(index % 3 === 0 ? 0 : 1));
    }
    await scenario.expectQuiet(LONGEST_TTL_MS);
  } finally {
    await world.close();
  }
}

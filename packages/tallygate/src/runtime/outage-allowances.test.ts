import { type Budget, type BudgetGate, type Hold, TallygateError } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOutageAllowances, type OutageAllowances } from './outage-allowances.ts';
import { pinHold } from './pin-hold.ts';

const SEED = 20261121;
const OUTAGE = new TallygateError('TALLYGATE_GATE_UNAVAILABLE', { message: 'Redis is away.' });
const NOBODY = async () => [];

function budget(id: string, allowanceNanoUsd: bigint): Budget {
  const always = { scope: {}, period: 'month' as const, timeZone: 'UTC', limit: 1_000n };
  return { ...always, id, onOutage: 'allowance', allowanceNanoUsd };
}

let attempts = 0;
function holdOf(budgets: Budget[], worstNanoUsd: bigint): Hold {
  attempts += 1;
  return pinHold({
    attemptId: `attempt-${attempts}`,
    attribution: { team: 't', feature: 'f', environment: 'e' } as never,
    models: [],
    snapshot: { organization: 'acme', budgets } as never,
    atMs: 0,
    amounts: { expectedNanoUsd: 0n, worstNanoUsd, tokens: { expected: 0n, worst: 2_500n } },
  });
}

/** A gate that answers whatever it is asked. */
const answering = {
  reserve: async () => ({ kind: 'outdated', version: 1 }),
  settle: async () => ({}),
  release: async () => ({}),
} as unknown as BudgetGate;

async function takes(allowances: OutageAllowances, budgets: Budget[], worstNanoUsd: bigint) {
  const hold = holdOf(budgets, worstNanoUsd);
  return allowances.take(hold, budgets, OUTAGE).then(
    () => hold,
    () => null,
  );
}

describe('an allowance for outages', () => {
  it('is taken at the worst case, and what does not fit is refused as an outage that says how to end it', async () => {
    const allowances = createOutageAllowances(NOBODY);
    const budgets = [budget('support', 5_000_000_000n)];
    expect(await takes(allowances, budgets, 4_000_000_000n)).not.toBeNull();
    const refused = allowances.take(holdOf(budgets, 2_000_000_000n), budgets, OUTAGE);
    await expect(refused).rejects.toMatchObject({
      code: 'TALLYGATE_GATE_UNAVAILABLE',
      message: expect.stringMatching(
        /of the \$5\.00 that budget "support" allows in an outage \$4\.00 are taken/,
      ),
      cure: expect.stringMatching(/Redis or the owner process/),
      cause: OUTAGE,
    });
    expect(await takes(allowances, budgets, 1_000_000_000n)).not.toBeNull();
  });

  it.each([
    ['tokens', 5_000n, '5,000 tokens', 2n],
    ['requests', 2n, '2 requests', 2n],
  ] as const)(
    'bounds a budget in %s by what calls take of that, and none where nothing is allowed',
    async (measure, allowance, words, calls) => {
      const allowances = createOutageAllowances(NOBODY);
      const budgets: Budget[] = [{ ...budget('support', 5n), measure, allowance }];
      for (let call = 0n; call < calls; call += 1n)
        expect(await takes(allowances, budgets, 9_000_000_000n)).not.toBeNull();
      const refused = allowances.take(holdOf(budgets, 0n), budgets, OUTAGE);
      await expect(refused).rejects.toThrow(`of the ${words} that budget "support" allows in an outage`);
      const without = [{ ...budget('other', 5n), measure }];
      expect(await takes(createOutageAllowances(NOBODY), without, 0n)).toBeNull();
    },
  );

  it('is taken from all budgets of a call or from none', async () => {
    const allowances = createOutageAllowances(NOBODY);
    const [wide, narrow] = [budget('wide', 10n), budget('narrow', 3n)];
    expect(await takes(allowances, [wide, narrow], 4n)).toBeNull();
    expect(await takes(allowances, [wide], 10n)).not.toBeNull();
  });

  it('is whole again only when the gate has answered a reserve and settled all that was taken', async () => {
    const allowances = createOutageAllowances(NOBODY);
    const gate = allowances.watch(answering);
    const budgets = [budget('b', 10n)];
    const [first, second] = [await takes(allowances, budgets, 5n), await takes(allowances, budgets, 5n)];
    if (first === null || second === null) throw new Error('both fit');
    await gate.settle({ hold: first, amountNanoUsd: 1n });
    await gate.release(second);
    expect(await takes(allowances, budgets, 1n)).toBeNull();
    await gate.reserve({} as never);
    const third = await takes(allowances, budgets, 10n);
    if (third === null) throw new Error('the outage was over');
    await gate.reserve({} as never);
    expect(await takes(allowances, budgets, 1n)).toBeNull();
    await gate.settle({ hold: third, amountNanoUsd: 1n });
    expect(await takes(allowances, budgets, 10n)).not.toBeNull();
  });

  it('admits nothing while nobody can tell what a dead process took, and asks again', async () => {
    let isReadable = false;
    const allowances = createOutageAllowances(async () => {
      if (!isReadable) throw new Error('EIO');
      return [];
    });
    const budgets = [budget('b', 10n)];
    await expect(allowances.take(holdOf(budgets, 1n), budgets, OUTAGE)).rejects.toThrow(/cannot be read/);
    isReadable = true;
    expect(await takes(allowances, budgets, 1n)).not.toBeNull();
  });
});

type Step =
  | { do: 'take'; process: number; amount: bigint }
  | { do: 'answer' | 'die'; process: number }
  | { do: 'settle'; pick: number };

const anyProcess = fc.nat({ max: 2 });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('take' as const),
      process: anyProcess,
      amount: fc.bigInt(1n, 6n),
    }),
  },
  fc.record({ do: fc.constantFrom('answer' as const, 'die' as const), process: anyProcess }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('settle' as const), pick: fc.nat() }) },
);

describe('processes of one data directory, killed and started again', () => {
  it(`never have more unsettled than each one's allowance (seed ${SEED})`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(anyStep, { maxLength: 60 }),
        async (count, steps) => {
          const world = createWorld(count);
          for (const step of steps) {
            await world.take(step);
            expect(world.unsettled()).toBeLessThanOrEqual(BigInt(count) * ALLOWANCE);
          }
        },
      ),
      { seed: SEED, numRuns: 1_000 },
    );
  });
});

const ALLOWANCE = 10n;

/** The spools of the processes, and what they took. */
function createWorld(count: number) {
  const budgets = [budget('b', ALLOWANCE)];
  let open: { hold: Hold; life: number }[] = [];
  let lives = 0;
  const start = () => {
    lives += 1;
    const isDead = (life: number) => !processes.some((process) => process.life === life);
    const allowances = createOutageAllowances(async () =>
      open.filter(({ life }) => isDead(life)).map(({ hold }) => hold),
    );
    return { life: lives, allowances, gate: allowances.watch(answering) };
  };
  const processes: ReturnType<typeof start>[] = [];
  for (let index = 0; index < count; index += 1) processes.push(start());

  return {
    unsettled: () => open.reduce((sum, { hold }) => sum + (hold.entries[0]?.worst ?? 0n), 0n),
    async take(step: Step): Promise<void> {
      if (step.do === 'settle') {
        const settled = open[step.pick % Math.max(open.length, 1)];
        if (settled === undefined) return;
        open = open.filter((other) => other !== settled);
        const owner = processes.find(({ life }) => life === settled.life);
        await owner?.gate.settle({ hold: settled.hold, amountNanoUsd: 1n });
        return;
      }
      const at = step.process % count;
      const process = processes[at] ?? start();
      if (step.do === 'answer') await process.gate.reserve({} as never);
      if (step.do === 'die') processes[at] = start();
      if (step.do !== 'take') return;
      const hold = await takes(process.allowances, budgets, step.amount);
      if (hold !== null) open.push({ hold, life: process.life });
    },
  };
}

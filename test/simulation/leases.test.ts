import { openRedisGate } from '@tallygate/gate';
import {
  type BudgetGate,
  type Hold,
  type NanoUsd,
  nanoFromUsd,
  newAttemptId,
  systemClock,
} from '@tallygate/usage';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { attributionOf, budgetOf, requestOf, snapshotOf } from '../contract/gate-fixtures.ts';

/**
 * Several processes with leases on the same budgets: bursts of calls, ends in any order, processes that die and are recovered by
 * others. Replay a failure with SEED=<seed of the title>.
 */
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const STEPS = 400;
const FLEET = 4;
const TEAMS = ['support', 'research'];
const LIMITS = { all: nanoFromUsd('20'), support: nanoFromUsd('8'), research: nanoFromUsd('30') };

const opened: BudgetGate[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((gate) => gate.close()));
});

function randomFrom(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

async function open(organization: string, withLeases: boolean): Promise<BudgetGate> {
  const gate = await openRedisGate({
    url: inject('redisUrl'),
    organization,
    clock: systemClock,
    seed: async () => ({ lastSeq: 0, totals: [] }),
    reserveDeadlineMs: 20_000,
    settleDeadlineMs: 20_000,
    ...(withLeases ? { leases: { ttlMs: 100, fromCalls: 0 } } : {}),
  });
  opened.push(gate);
  return gate;
}

interface InFlight {
  hold: Hold;
  team: string;
  worstNanoUsd: NanoUsd;
  gate: BudgetGate;
}

/** What happened so far, and what can happen next. */
async function createWorld(organization: string, observer: BudgetGate, random: (below: number) => number) {
  const fleet = await Promise.all(Array.from({ length: FLEET }, () => open(organization, true)));
  const anyGate = () => fleet[random(FLEET)] ?? observer;
  const inFlight: InFlight[] = [];
  const numbers: number[] = [];
  const charged: Record<string, NanoUsd> = { all: 0n, support: 0n, research: 0n };
  const seen = { leased: 0 };

  const call = async (gate: BudgetGate) => {
    const team = TEAMS[random(2)] ?? '';
    const expectedNanoUsd = BigInt(1 + random(30_000_000));
    const worstNanoUsd = expectedNanoUsd * BigInt(1 + random(3));
    const amounts = { expectedNanoUsd, worstNanoUsd, attribution: attributionOf(team) };
    const reply = await gate.reserve(requestOf(amounts));
    if (reply.kind !== 'held') return;
    if (reply.hold.leaseId !== undefined) seen.leased += 1;
    inFlight.push({ hold: reply.hold, team, worstNanoUsd, gate });
  };
  const end = async ({ hold, team, worstNanoUsd }: InFlight, gate: BudgetGate) => {
    const isReleased = random(4) === 0;
    const amountNanoUsd = isReleased ? 0n : BigInt(random(Number(worstNanoUsd) + 1));
    const reply = isReleased ? await gate.release(hold) : await gate.settle({ hold, amountNanoUsd });
    numbers.push(reply.settlement.seq);
    for (const id of ['all', team]) charged[id] = (charged[id] ?? 0n) + amountNanoUsd;
  };
  return {
    inFlight,
    numbers,
    charged,
    seen,
    async admit() {
      const gate = anyGate();
      await Promise.all(Array.from({ length: 1 + random(30) }, () => call(gate)));
    },
    async endSome(most: number) {
      const some = Array.from({ length: Math.min(most, inFlight.length) }, () =>
        inFlight.splice(random(inFlight.length), 1),
      ).flat();
      await Promise.all(some.map((ended) => end(ended, random(5) === 0 ? anyGate() : ended.gate)));
    },
    /** What the process knew is gone; its holds are in the spool, and another process ends them. */
    async die() {
      const index = random(FLEET);
      const left = inFlight.filter(({ gate }) => gate === fleet[index]);
      for (const lost of left) inFlight.splice(inFlight.indexOf(lost), 1);
      fleet[index] = await open(organization, true);
      await Promise.all(left.map((lost) => end(lost, observer)));
    },
  };
}

describe(`leases: seed ${seed}`, () => {
  test('whatever is admitted, ended and lost, no budget is overspent, and every charge is counted once', async () => {
    const random = randomFrom(seed);
    const organization = `org-${newAttemptId()}`;
    const observer = await open(organization, false);
    const budgets = [
      budgetOf('all', LIMITS.all),
      budgetOf('support', LIMITS.support, { scope: { team: 'support' } }),
      budgetOf('research', LIMITS.research, { scope: { team: 'research' } }),
    ];
    await observer.publish(snapshotOf(organization, 1, budgets));
    const world = await createWorld(organization, observer, random);
    const { inFlight, charged, numbers, seen } = world;
    for (let step = 0; step < STEPS; step += 1) {
      const choice = random(20);
      if (choice === 0) await world.die();
      else if (choice < 10) await world.admit();
      else await world.endSome(1 + random(40));
      for (const { budget, spent, held } of await observer.balances()) {
        const onBudget = inFlight.filter(({ team }) => budget.id === 'all' || budget.id === team);
        const atMost = onBudget.reduce((sum, { worstNanoUsd }) => sum + worstNanoUsd, spent);
        expect(spent).toBe(charged[budget.id]);
        expect(spent + held).toBeGreaterThanOrEqual(atMost);
        expect(spent + held).toBeLessThanOrEqual(budget.limit);
      }
    }
    await world.endSome(inFlight.length);
    expect(numbers.sort((left, right) => left - right)).toEqual(numbers.map((_, index) => index + 1));
    expect(seen.leased).toBeGreaterThan(numbers.length / 4);
  });
});

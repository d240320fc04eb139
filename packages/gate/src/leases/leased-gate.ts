import type { Balance, BudgetGate, Hold } from '@tallygate/usage';
import { NO_CHARGE } from '../amounts.ts';
import type { RedisSession } from '../redis-session.ts';
import { createEndingQueue, type EndingQueue } from './ending-queue.ts';
import { createLeasePool } from './lease-pool.ts';
import { createLeasePools } from './lease-pools.ts';
import { createLeaseRegister } from './lease-register.ts';
import { endAttempt, extendAttempt } from './leased-endings.ts';
import { reserveLeased } from './leased-reserve.ts';
import { forgetAll, giveBackAll, type LeasedState } from './leased-state.ts';
import { createRecall } from './recall.ts';
import { createRecentAttempts } from './recent-attempts.ts';

export interface LeaseOptions {
  /** How long a lease admits: a change of budgets is in force everywhere within this time, and a denial may take twice as long. */
  ttlMs: number;
  /** Where fewer calls come within twice that time, each asks the gate by itself. Default 8. */
  fromCalls?: number;
}

export interface LeasedGateParts {
  /** Answers what no lease can. */
  gate: BudgetGate;
  session: RedisSession;
  settleDeadlineMs: number;
  balances(budgetKeys: readonly string[]): Promise<Balance[]>;
}

const DEFAULT_FROM_CALLS = 8;

/**
 * The gate for a process of many calls: it holds money for many at once, admits in memory and settles in batches. What is
 * admitted is held in the gate all the time, so that no budget is overspent, whatever dies or stops.
 */
export function createLeasedGate(parts: LeasedGateParts, options: LeaseOptions): BudgetGate {
  const state = createLeasedState(parts, options);
  const { gate } = parts;
  return {
    ...gate,
    reserve: (request) => reserveLeased(state, request),
    settle: (request) => endAttempt(state, request.hold, 'settle', request),
    release: (hold) => endAttempt(state, hold, 'release', NO_CHARGE),
    extend: (hold, ttlMs) => extendAttempt(state, hold, ttlMs),
    balances: async (only) => {
      await giveBackAll(state);
      return gate.balances(only);
    },
    publish: async (snapshot) => {
      await gate.publish(snapshot);
      await forgetAll(state, snapshot.version);
    },
    close: async () => {
      state.isClosed = true;
      await giveBackAll(state);
      await gate.close();
    },
  };
}

function createLeasedState(parts: LeasedGateParts, { ttlMs, fromCalls }: LeaseOptions): LeasedState {
  const { gate, session, balances, settleDeadlineMs } = parts;
  const { clock } = session;
  const register = createLeaseRegister(session);
  const queues = new Set<EndingQueue>();
  const attempts = createRecentAttempts(clock);
  const openEndings = (lease: Hold) => {
    attempts.own(lease.attemptId);
    return createEndingQueue(session, lease, settleDeadlineMs, queues);
  };
  const leaseParts = { gate, clock, register, balances, openEndings, leaseTtlMs: ttlMs };
  const pools = createLeasePools((budgetKeys) =>
    createLeasePool({ ...leaseParts, fromCalls: fromCalls ?? DEFAULT_FROM_CALLS }, budgetKeys),
  );
  const giveBack = async (budgetKey: string): Promise<void> => {
    const concerned = [...pools.all()].filter(({ budgetKeys }) => budgetKeys.includes(budgetKey));
    await Promise.all([
      ...concerned.map((pool) => pool.close()),
      ...[...queues].map((queue) => queue.flush()),
    ]);
  };
  const recall = createRecall({ clock, register, leaseTtlMs: ttlMs, giveBack });
  const asking: LeasedState['asking'] = new Map();
  const state = { gate, session, attempts, pools, recall, queues, asking, isClosed: false };
  // With the counters Redis lost who has idle money: nobody would wait for it.
  session.vigil.onLoss(() => void giveBackAll(state));
  return state;
}

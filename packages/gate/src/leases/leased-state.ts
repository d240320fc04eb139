import type { BudgetGate, ReserveReply } from '@tallygate/usage';
import type { RedisSession } from '../redis-session.ts';
import type { EndingQueue } from './ending-queue.ts';
import type { LeasePools } from './lease-pools.ts';
import type { Recall } from './recall.ts';
import type { RecentAttempts } from './recent-attempts.ts';

/** What the operations of the leased gate work with. */
export interface LeasedState {
  readonly gate: BudgetGate;
  readonly session: RedisSession;
  readonly attempts: RecentAttempts;
  readonly pools: LeasePools;
  readonly recall: Recall;
  /** Queues in which something waits or is under way. */
  readonly queues: Set<EndingQueue>;
  /** Calls that no lease could admit at once, by attempt. */
  readonly asking: Map<string, Promise<ReserveReply>>;
  isClosed: boolean;
}

/** Closes every lease, sends every ending that waits, and waits for both. */
export async function giveBackAll({ pools, queues }: LeasedState): Promise<void> {
  await Promise.all([...pools.all()].map((pool) => pool.close()));
  await Promise.all([...queues].map((queue) => queue.flush()));
}

/** Another configuration is live: what was leased under the one before is not admitted from any more. */
export async function forgetAll(state: LeasedState, version: number): Promise<void> {
  const given = giveBackAll(state);
  state.pools.forget(version);
  await given;
}

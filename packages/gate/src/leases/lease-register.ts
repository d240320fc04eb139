import { unknownReply } from '../redis-replies.ts';
import type { RedisSession } from '../redis-session.ts';

/** Which leases may hold idle money on a budget, over all processes. It decides about waiting only, never about money. */
export interface LeaseRegister {
  /** How many others there are on one of the budgets at most; null when no lease may be taken now, because somebody waits for money. */
  enter(budgetKeys: readonly string[], leaseId: string, forMs: number): Promise<number | null>;
  leave(budgetKeys: readonly string[], leaseId: string): Promise<void>;
  /** No lease may enter for this time. @returns how long one may still hold idle money, 0 when none does. */
  recall(budgetKey: string, forMs: number): Promise<number>;
}

export function createLeaseRegister({ connection, keys }: RedisSession): LeaseRegister {
  const run = async (
    action: 'E' | 'L' | 'R',
    budgetKeys: readonly string[],
    leaseId: string,
    forMs: number,
  ) => connection.run('leases', budgetKeys.map(keys.leases), [action, leaseId, String(Math.ceil(forMs))]);
  return {
    async enter(budgetKeys, leaseId, forMs) {
      if (budgetKeys.length === 0) return 0;
      const reply = await run('E', budgetKeys, leaseId, forMs);
      if (reply.code === 'WANTED') return null;
      if (reply.code !== 'OK') throw unknownReply('leases', reply);
      return Number(reply.values[0]);
    },
    async leave(budgetKeys, leaseId) {
      if (budgetKeys.length > 0) await run('L', budgetKeys, leaseId, 0);
    },
    async recall(budgetKey, forMs) {
      const reply = await run('R', [budgetKey], '', forMs);
      if (reply.code !== 'OUT') throw unknownReply('leases', reply);
      return Number(reply.values[0]);
    },
  };
}

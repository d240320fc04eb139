import type { ReserveRequest } from '@tallygate/usage';
import { createDemand } from './demand.ts';
import { admitFrom, isLow, type Lease } from './lease.ts';
import { LeasedHold } from './leased-hold.ts';
import { createOpenLeases, giveBack } from './open-leases.ts';
import { type LeaseParts, takeLease } from './take-lease.ts';

/** The leases of this process on one set of budgets: the one that admits, and the next before it runs dry. */
export interface LeasePool {
  readonly budgetKeys: readonly string[];
  /** A part of a lease, without asking anybody; null when there is none now. */
  admit(request: ReserveRequest): LeasedHold | null;
  /** Waits for a lease. False: there is none to be had, ask the gate. Never rejects. */
  refill(request: ReserveRequest): Promise<boolean>;
  /** Nothing is lost when it is forgotten. */
  isIdle(): boolean;
  /** Gives back what is idle in all leases. */
  close(): Promise<void>;
  /** Gives back what is idle in this one, if it is of this pool. */
  retire(lease: Lease): Promise<void>;
}

/** After there was none to be had, calls ask the gate for such a part of a lease's time. */
const DIRECT_FOR_TTLS = 1 / 4;
/** Where calls still come in such a last part of a lease's time, the next one is taken. */
const RENEWED_FOR_TTLS = 1 / 4;

export function createLeasePool(parts: LeaseParts, budgetKeys: readonly string[]): LeasePool {
  const { clock, leaseTtlMs } = parts;
  const demand = createDemand(leaseTtlMs);
  const open = createOpenLeases(parts, budgetKeys);
  let taking: Promise<boolean> | null = null;
  let waiting = 0;
  let directUntilMs = 0;
  let closings = 0;

  async function take(request: ReserveRequest): Promise<boolean> {
    const closingsBefore = closings;
    const wished = () => demand.wishedCalls(clock.monotonicMs(), waiting);
    const taken = await takeLease(parts, budgetKeys, request, wished).catch(() => null);
    const isUsable = taken !== null && closings === closingsBefore;
    if (taken === null) directUntilMs = clock.monotonicMs() + leaseTtlMs * DIRECT_FOR_TTLS;
    else if (isUsable) open.add(taken);
    else void giveBack(parts, budgetKeys, taken);
    return isUsable;
  }

  function startTaking(request: ReserveRequest): Promise<boolean> {
    taking ??= take(request).finally(() => {
      taking = null;
    });
    return taking;
  }

  function admitFromFirst(request: ReserveRequest, nowMs: number): LeasedHold | null {
    const from = open.first();
    if (from === undefined) return null;
    const entries = admitFrom(from.lease, request, nowMs);
    return entries === null ? null : new LeasedHold(request.attemptId, entries, from);
  }

  return {
    budgetKeys,
    admit(request) {
      const nowMs = clock.monotonicMs();
      demand.note(nowMs);
      let admitted = admitFromFirst(request, nowMs);
      while (admitted === null && open.count() > 1) {
        open.closeFirst();
        admitted = admitFromFirst(request, nowMs);
      }
      if (admitted === null || open.count() > 1 || nowMs < directUntilMs) return admitted;
      // While calls come, none has to wait for the next one.
      if (isLow(admitted.from.lease, nowMs + leaseTtlMs * RENEWED_FOR_TTLS)) void startTaking(request);
      return admitted;
    },
    async refill(request) {
      const nowMs = clock.monotonicMs();
      if (nowMs < directUntilMs || demand.recentCalls(nowMs) < parts.fromCalls) return false;
      waiting += 1;
      try {
        return await startTaking(request);
      } finally {
        waiting -= 1;
      }
    },
    isIdle: () => taking === null && open.count() === 0,
    close() {
      closings += 1;
      return open.closeAll();
    },
    retire: open.close,
  };
}

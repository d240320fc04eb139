import type { Lease } from './lease.ts';
import type { LeaseParts, OpenLease } from './take-lease.ts';

/** The leases of one pool that are not closed: the first admits, the others wait until it runs dry. */
export interface OpenLeases {
  first(): OpenLease | undefined;
  count(): number;
  add(lease: OpenLease): void;
  /** Gives back what the first has left. */
  closeFirst(): void;
  /** Gives back what is idle in this one, if it is open here. */
  close(lease: Lease): Promise<void>;
  closeAll(): Promise<void>;
}

/** So often in the time of a lease it is looked at whether anybody still uses it. */
const LOOKS_PER_LEASE = 10;

export function createOpenLeases(parts: LeaseParts, budgetKeys: readonly string[]): OpenLeases {
  const { clock, leaseTtlMs } = parts;
  const open: OpenLease[] = [];
  let watch: NodeJS.Timeout | null = null;

  async function closeAll(): Promise<void> {
    if (watch !== null) clearInterval(watch);
    watch = null;
    await Promise.all(open.splice(0).map((lease) => giveBack(parts, budgetKeys, lease)));
  }

  /** Money that nobody has asked for since the last look may be what another process lacks. */
  function lookAfter(): void {
    let admitted = -1;
    watch ??= setInterval(() => {
      const sum = open.reduce((calls, { lease }) => calls + lease.admittedCalls, 0);
      const isOver = open.every(({ lease }) => clock.monotonicMs() >= lease.admitsUntilMonotonicMs);
      if (sum === admitted || isOver) void closeAll();
      admitted = sum;
    }, leaseTtlMs / LOOKS_PER_LEASE).unref();
  }

  return {
    first: () => open[0],
    count: () => open.length,
    add(lease) {
      open.push(lease);
      lookAfter();
    },
    closeFirst() {
      for (const dry of open.splice(0, 1)) void giveBack(parts, budgetKeys, dry);
    },
    async close(lease) {
      const at = open.findIndex((one) => one.lease === lease);
      for (const one of at === -1 ? [] : open.splice(at, 1)) await giveBack(parts, budgetKeys, one);
    },
    closeAll,
  };
}

/** Nothing is admitted from it any more. Resolves when the gate has its idle money back, or did not answer. */
export async function giveBack(
  { register }: Pick<LeaseParts, 'register'>,
  budgetKeys: readonly string[],
  { lease, endings }: OpenLease,
): Promise<void> {
  if (lease.isClosed) return;
  lease.isClosed = true;
  endings.giveBack(lease.freeExpectedNanoUsd, lease.freeWorstNanoUsd);
  await endings.flush();
  // One that stays in the register makes others wait for nothing, no longer than its time.
  await register.leave(budgetKeys, lease.hold.attemptId).catch(() => {});
}

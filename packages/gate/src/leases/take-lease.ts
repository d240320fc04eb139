import {
  type Balance,
  type BudgetGate,
  type Clock,
  type Hold,
  newAttemptId,
  type ReserveRequest,
} from '@tallygate/usage';
import { budgetKeyIn } from '../keys.ts';
import type { EndingQueue } from './ending-queue.ts';
import { type Lease, openLease } from './lease.ts';
import type { LeaseRegister } from './lease-register.ts';
import { leasableCalls } from './lease-size.ts';

/** What leases are made with. */
export interface LeaseParts {
  gate: Pick<BudgetGate, 'reserve'>;
  clock: Clock;
  register: LeaseRegister;
  /** Of these budgets only. */
  balances(budgetKeys: readonly string[]): Promise<Balance[]>;
  openEndings(lease: Hold): EndingQueue;
  leaseTtlMs: number;
  /** Fewer calls within two leases' time are not worth a lease. */
  fromCalls: number;
}

export interface OpenLease {
  readonly lease: Lease;
  readonly endings: EndingQueue;
}

/** What others see of a lease outlasts its admissions, so that its idle money is back before they stop waiting for it. */
const REGISTERED_FOR_TTLS = 2;

/**
 * A lease for calls like this one; null when there is not enough left for one, or somebody waits for the money.
 *
 * @param wishedCalls is asked late, when all that wait are known.
 */
export async function takeLease(
  parts: LeaseParts,
  budgetKeys: readonly string[],
  request: ReserveRequest,
  wishedCalls: () => number,
): Promise<OpenLease | null> {
  const { clock, register, leaseTtlMs } = parts;
  const leaseId = newAttemptId();
  const admitsUntilMonotonicMs = clock.monotonicMs() + leaseTtlMs;
  const others = await register.enter(budgetKeys, leaseId, REGISTERED_FOR_TTLS * leaseTtlMs);
  if (others === null) return null;
  let taken: OpenLease | null = null;
  try {
    const balances = await parts.balances(budgetKeys);
    const calls = leasableCalls(balances, request, others, wishedCalls());
    if (calls > 0)
      taken = await reserveLease(
        parts,
        budgetKeys,
        asLease(request, leaseId, calls, leaseTtlMs),
        admitsUntilMonotonicMs,
      );
    return taken;
  } finally {
    if (taken === null) void register.leave(budgetKeys, leaseId).catch(() => {});
  }
}

/** A call that was admitted in the last moment lives as long as it asked for, so the lease's hold lives that much longer. */
function asLease(
  request: ReserveRequest,
  leaseId: string,
  calls: number,
  leaseTtlMs: number,
): ReserveRequest {
  return {
    ...request,
    attemptId: leaseId,
    expectedNanoUsd: request.expectedNanoUsd * BigInt(calls),
    worstNanoUsd: request.worstNanoUsd * BigInt(calls),
    ttlMs: request.ttlMs + Math.ceil(leaseTtlMs),
    enforce: true,
  };
}

async function reserveLease(
  { gate, clock, openEndings }: LeaseParts,
  budgetKeys: readonly string[],
  asked: ReserveRequest,
  admitsUntilMonotonicMs: number,
): Promise<OpenLease | null> {
  const sentMonotonicMs = clock.monotonicMs();
  const reply = await gate.reserve(asked);
  if (reply.kind !== 'held') return null;
  const { hold } = reply;
  const isCovered = hold.entries.map(({ key }) => budgetKeyIn(key)).join() === budgetKeys.join();
  // The server said when it was: the period cannot end sooner by its clock than so long after the question.
  const leftMs = Math.min(...hold.entries.map(({ periodEndMs }) => periodEndMs - hold.budgetInstantMs));
  const { configVersion, expectedNanoUsd, worstNanoUsd } = asked;
  const lease = openLease({
    hold,
    configVersion,
    expectedNanoUsd,
    worstNanoUsd,
    admitsUntilMonotonicMs: isCovered
      ? Math.min(admitsUntilMonotonicMs, sentMonotonicMs + leftMs)
      : sentMonotonicMs,
    isOverAtMonotonicMs: sentMonotonicMs + asked.ttlMs,
  });
  return { lease, endings: openEndings(hold) };
}

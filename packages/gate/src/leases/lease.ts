import type { Hold, HoldEntry, NanoUsd, ReserveRequest } from '@tallygate/usage';
import { holdEntry } from '../budget-periods.ts';

/**
 * Money that was held once for many calls of one process. Until its deadline calls are admitted from it in memory; what they
 * hold stays a part of the lease in the gate until they end, so that the gate's own rule of admission covers every one.
 */
export interface Lease {
  /** The lease as the gate sees it: one attempt. */
  readonly hold: Hold;
  readonly configVersion: number;
  /** By the clock that no step can move: a process that was stopped must not go on admitting by what it knew before. */
  readonly admitsUntilMonotonicMs: number;
  /** From then on the gate holds nothing for it. */
  readonly isOverAtMonotonicMs: number;
  /** With less left of it, the next one is taken. */
  readonly lowWorstNanoUsd: NanoUsd;
  freeExpectedNanoUsd: NanoUsd;
  freeWorstNanoUsd: NanoUsd;
  admittedCalls: number;
  isClosed: boolean;
  /** Calls mostly cost the same: one list of entries serves them all. */
  lastEntries: readonly HoldEntry[] | null;
}

export interface LeaseTerms {
  hold: Hold;
  configVersion: number;
  admitsUntilMonotonicMs: number;
  isOverAtMonotonicMs: number;
  expectedNanoUsd: NanoUsd;
  worstNanoUsd: NanoUsd;
}

/** Each field by its name: every admission reads most of them, of an object that is the same for the engine in every lease. */
export function openLease(terms: LeaseTerms): Lease {
  return {
    hold: terms.hold,
    configVersion: terms.configVersion,
    admitsUntilMonotonicMs: terms.admitsUntilMonotonicMs,
    isOverAtMonotonicMs: terms.isOverAtMonotonicMs,
    lowWorstNanoUsd: terms.worstNanoUsd / 4n,
    freeExpectedNanoUsd: terms.expectedNanoUsd,
    freeWorstNanoUsd: terms.worstNanoUsd,
    admittedCalls: 0,
    isClosed: false,
    lastEntries: null,
  };
}

/** The call's part of the lease on each budget, or null when the lease cannot admit it any more. */
export function admitFrom(
  lease: Lease,
  request: ReserveRequest,
  monotonicMs: number,
): readonly HoldEntry[] | null {
  const { expectedNanoUsd, worstNanoUsd } = request;
  if (lease.isClosed || monotonicMs >= lease.admitsUntilMonotonicMs) return null;
  if (request.configVersion !== lease.configVersion) return null;
  if (expectedNanoUsd > lease.freeExpectedNanoUsd || worstNanoUsd > lease.freeWorstNanoUsd) return null;
  lease.freeExpectedNanoUsd -= expectedNanoUsd;
  lease.freeWorstNanoUsd -= worstNanoUsd;
  lease.admittedCalls += 1;
  return entriesOf(lease, expectedNanoUsd, worstNanoUsd);
}

/** Little is left of its money, or by that instant nothing of its time. */
export function isLow(lease: Lease, byMonotonicMs: number): boolean {
  return byMonotonicMs >= lease.admitsUntilMonotonicMs || lease.freeWorstNanoUsd < lease.lowWorstNanoUsd;
}

function entriesOf(lease: Lease, expectedNanoUsd: NanoUsd, worstNanoUsd: NanoUsd): readonly HoldEntry[] {
  const last = lease.lastEntries?.[0];
  const isSame = last?.expected === expectedNanoUsd && last.worst === worstNanoUsd;
  if (lease.lastEntries !== null && (isSame || last === undefined)) return lease.lastEntries;
  lease.lastEntries = entriesWith(lease.hold, expectedNanoUsd, worstNanoUsd);
  return lease.lastEntries;
}

function entriesWith({ entries }: Hold, expected: NanoUsd, worst: NanoUsd): HoldEntry[] {
  const tracks = { expected, worst };
  return entries.map((entry) => holdEntry(entry, tracks));
}

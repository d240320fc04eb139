import { type Hold, NANO_USD_MAX, type Settlement, type SettleReply } from '@tallygate/usage';
import { type Charge, chargedTo } from './amounts.ts';
import { currentBucket } from './buckets.ts';
import { announceReached } from './memory-announcements.ts';
import { chargePaceOf } from './memory-paces.ts';
import { liftHold, type MemoryState, passTime, readTime } from './memory-state.ts';
import { outOfRange, requireCharge, requireOwnHold } from './requests.ts';
import { UNENDED_MS } from './seeds.ts';
import { type Ending, outcomeOfLive, settlementOf } from './settlements.ts';

/** How an attempt ends in process, and what is answered once it has. `lua/settle.lua` states the same rules. */

export function endAttempt(
  state: MemoryState,
  asked: Hold,
  kind: Ending['kind'],
  charge: Charge,
): SettleReply {
  const { attemptId } = asked;
  const hold = state.holds.get(attemptId);
  // What this gate gave out itself needs no looking at.
  if (asked !== hold) requireOwnHold(state.organization, asked);
  requireCharge(charge);
  const before = hold === undefined ? state.ended.get(attemptId) : undefined;
  if (before !== undefined && (before.kind === 'settle' || kind === 'release')) {
    return { outcome: 'duplicate', settlement: settlementIn(state, attemptId, before) };
  }
  // The gate's own record decides what ends; the caller's copy speaks only for an attempt that the gate does not know.
  const { budgetInstantMs, entries } = hold ?? before ?? asked;
  const { nowMs, current, atMs } = readTime(state);
  if (hold === undefined && before === undefined && wasEnded(state, asked, nowMs)) {
    const again = { kind, settledAtMs: nowMs, charge, budgetInstantMs, entries };
    // After a release it would stay unknown whether it was charged.
    return { outcome: 'duplicate', settlement: numbered(state, attemptId, again, kind === 'settle') };
  }
  for (const entry of entries) {
    if (state.counters.spent(entry.key, atMs) + chargedTo(entry, charge) > NANO_USD_MAX)
      throw outOfRange(entry.key);
  }
  passTime(state, nowMs, current);
  const outcome = outcomeOf(hold, before, kind, current);
  const ending = { kind, settledAtMs: nowMs, charge, budgetInstantMs, entries };
  if (hold !== undefined) liftHold(state, hold);
  spend(state, ending);
  if (kind === 'settle' || outcome === 'released')
    for (const { key } of entries) announceReached(state, key, { nowMs, atMs });
  for (const entry of entries) chargePaceOf(state, entry.key, chargedTo(entry, charge), nowMs);
  return { outcome, settlement: numbered(state, attemptId, ending) };
}

/** Of this gate, and neither held nor among those that ended lately: that it ended is all that is left to know. */
function wasEnded({ epoch }: MemoryState, asked: Hold, nowMs: number): boolean {
  return asked.epoch === epoch && nowMs < asked.budgetInstantMs + UNENDED_MS;
}

function numbered(
  state: MemoryState,
  attemptId: string,
  ending: Omit<Ending, 'seq'>,
  isRemembered = true,
): Settlement {
  state.seq += 1;
  const { kind, settledAtMs, charge, budgetInstantMs, entries } = ending;
  // Named, not spread: that makes a hidden class anew each time, and every look at it is searched for.
  const numberedEnding = { kind, seq: state.seq, settledAtMs, charge, budgetInstantMs, entries };
  if (isRemembered) state.ended.put(attemptId, numberedEnding);
  return settlementIn(state, attemptId, numberedEnding);
}

/** What a reserve gets that is repeated after the end: the periods as they were pinned, and nothing held on them any more. */
export function endedHold(state: MemoryState, attemptId: string): Hold | undefined {
  const ended = state.ended.get(attemptId);
  if (ended === undefined) return undefined;
  const { organization, epoch, bucketMs } = state;
  return {
    attemptId,
    organization,
    epoch,
    budgetInstantMs: ended.budgetInstantMs,
    expiryBucket: currentBucket(ended.settledAtMs, bucketMs, 0),
    entries: ended.entries.map((period) => ({ ...period, expected: 0n, worst: 0n })),
  };
}

function outcomeOf(
  hold: Hold | undefined,
  before: Ending | undefined,
  kind: Ending['kind'],
  current: number,
): SettleReply['outcome'] {
  if (hold !== undefined) return hold.expiryBucket >= current ? outcomeOfLive(kind) : 'late';
  return before === undefined ? 'orphan' : 'reopened';
}

function spend(state: MemoryState, { entries, charge, settledAtMs }: Omit<Ending, 'seq'>): void {
  const pastMs = state.watermark * state.bucketMs;
  for (const entry of entries) {
    const keepUntilMs = Math.max(entry.periodEndMs, settledAtMs) + state.recordGraceMs;
    state.counters.spend(entry.key, chargedTo(entry, charge), keepUntilMs, pastMs);
  }
}

function settlementIn({ organization, epoch }: MemoryState, attemptId: string, ending: Ending): Settlement {
  return settlementOf({ attemptId, organization, epoch }, ending);
}

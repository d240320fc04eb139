import type { NanoUsd } from '@tallygate/usage';
import type { Attempt } from './gate-attempts.ts';
import { isLeased } from './gate-budgets.ts';
import { BUCKET_MS, HOLD_TTL_MS, LEASE_TTL_MS } from './gate-facts.ts';
import type { Noted } from './gate-journal.ts';

/** A bucket and a sixteenth of its life late at most; and a hold whose caller gave up may have been made late, and is undone late. */
const LONGEST_HOLD_MS = (HOLD_TTL_MS + LEASE_TTL_MS) * (1 + 1 / 16) + BUCKET_MS + 2_000;
/** The one that admits, and the next. */
const LEASES_PER_PROCESS = 2;
const NEVER = Number.POSITIVE_INFINITY;

/** Denials of what would have fitted even if everything that may have been held had been held. */
export function falseDenials(notes: readonly Noted[], attempts: ReadonlyMap<string, Attempt>): number {
  const byFeature = new Map<string, Attempt[]>();
  for (const attempt of attempts.values()) {
    if (attempt.isDenied) continue;
    const group = byFeature.get(attempt.feature) ?? [];
    group.push(attempt);
    byFeature.set(attempt.feature, group);
  }
  return notes.filter((note) => {
    if (note.step !== 'denied') return false;
    const { askedMs = 0, feature = '' } = attempts.get(note.id) ?? {};
    if (!note.key.startsWith(`${feature}:`)) return true;
    const group = byFeature.get(feature) ?? [];
    const counted = group.map((attempt) => mostCounted(attempt, askedMs, note.atMs));
    const limit = BigInt(note.limit);
    const needed = counted.reduce((sum, amount) => sum + amount, BigInt(note.needed));
    return needed <= limit - (isLeased(feature) ? mostIdle(limit, group) : 0n);
  }).length;
}

/** A lease takes half of what is left at most; that of a process that died or was cut off keeps it until its time is over. */
function mostIdle(limit: NanoUsd, group: readonly Attempt[]): NanoUsd {
  const leases = new Set(group.map(({ by }) => by)).size * LEASES_PER_PROCESS;
  return limit - limit / 2n ** BigInt(leases);
}

/** The most that the attempt can have stood for in a counter at any instant in between. */
function mostCounted(attempt: Attempt, fromMs: number, toMs: number): NanoUsd {
  const { askedMs, heldMs, sentMs, endingMs, endedMs, charge, worst } = attempt;
  if (askedMs > toMs) return 0n;
  if (endedMs < fromMs) return sentMs === NEVER ? 0n : charge;
  const madeMs = heldMs === NEVER ? askedMs : heldMs;
  const mayBeHeld = fromMs < madeMs + LONGEST_HOLD_MS;
  if (mayBeHeld) return worst;
  return endingMs < toMs ? charge : 0n;
}

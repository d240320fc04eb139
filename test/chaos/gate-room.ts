import type { NanoUsd } from '@tallygate/usage';
import type { Attempt } from './gate-attempts.ts';
import { HOLD_TTL_MS } from './gate-facts.ts';
import type { Suffered } from './gate-faults.ts';
import { isAtRisk } from './gate-risk.ts';

/**
 * Whether a call was admitted that did not fit at its worst beside what surely stood on the budget period then. What is spent in the
 * end shows it rarely: few calls cost their worst.
 */
export function isOverAdmitted(group: readonly Attempt[], suffered: Suffered, limit: NanoUsd): boolean {
  const admitted = group.filter(({ heldMs }) => heldMs !== Number.POSITIVE_INFINITY);
  const worst = admitted.reduce((sum, attempt) => sum + attempt.worst, 0n);
  if (worst <= limit) return false;
  const lastAskedMs = Math.max(...group.map(({ askedMs }) => askedMs));
  const safe = admitted.filter((attempt) => !isAtRisk(attempt, suffered, lastAskedMs));
  return safe.some((asking) => {
    const others = safe.map((other) => (other === asking ? 0n : leastCounted(other, asking)));
    return others.reduce((sum, amount) => sum + amount, asking.worst) > limit;
  });
}

/** The least that the other one can have stood for when it was decided on the one that asked. */
function leastCounted(other: Attempt, { askedMs, heldMs }: Attempt): NanoUsd {
  if (other.heldMs > askedMs) return 0n;
  const charge = other.sentMs === Number.POSITIVE_INFINITY ? 0n : other.charge;
  if (other.endedMs < askedMs) return charge;
  const isHeld = heldMs < other.askedMs + HOLD_TTL_MS;
  if (isHeld && heldMs < other.endingMs) return other.worst;
  return isHeld && charge < other.worst ? charge : 0n;
}

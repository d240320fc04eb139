import type { Attempt } from './gate-attempts.ts';
import { HOLD_TTL_MS } from './gate-facts.ts';
import type { Loss, Suffered } from './gate-faults.ts';

/**
 * Whether an attempt may have been missing from its counter while others were admitted there. These are the bounds that
 * `docs/redis.md` states per fault, and nothing else excuses an overspend.
 */
export function isAtRisk(attempt: Attempt, suffered: Suffered, lastAskedMs: number): boolean {
  const { askedMs, endedMs } = attempt;
  const holdEndsMs = askedMs + HOLD_TTL_MS;
  const hasOutlivedItsHold = endedMs > holdEndsMs && lastAskedMs > holdEndsMs;
  return (
    hasOutlivedItsHold ||
    suffered.losses.some((loss) => loss.fromMs < lastAskedMs && isLostIn(loss, attempt, suffered))
  );
}

/** After a loss counters stay missing so long: who lives and is connected is heard. */
const HEARING_MS = 1_000;
/** A process looks five times a second. */
const PULSE_MS = 200;

function isLostIn(loss: Loss, attempt: Attempt, { absences }: Suffered): boolean {
  const { by, askedMs, heldMs, endedMs, storedMs } = attempt;
  if (askedMs > loss.toMs || storedMs < loss.fromMs) return false;
  // Held, and the answer is gone with the hold: others are admitted without it until its process looks.
  if (heldMs > loss.fromMs && heldMs < loss.toMs) return true;
  const heardByMs = loss.toMs + HEARING_MS;
  const isUnheard = absences.some(
    ({ who, fromMs, toMs }) =>
      (who === null || who === by) && fromMs < heardByMs + PULSE_MS && toMs > loss.toMs,
  );
  // In flight, and nobody could say so; or ended, and not in the ledger when it was asked.
  return endedMs > loss.fromMs ? isUnheard : storedMs > heardByMs;
}

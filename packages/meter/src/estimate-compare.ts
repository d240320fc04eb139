import { contractedCostNanoUsd, type Logger, type UsageEvent } from '@tallygate/usage';
import { type Admission, kindOf } from './admit.ts';
import type { ExpectedShares } from './estimate-share.ts';

/** Whether an outcome says anything about estimates: it was charged, to us, by more than a guess at its input. */
export function isComparable({ status, lines }: UsageEvent): boolean {
  if (status === 'error' || status === 'unknown') return false;
  return !lines.some((line) => line.flags.includes('billed_to_user_profile'));
}

/**
 * What is learned of a call that ended. A charge above the worst case breaks what every budget rests on, so it is said: something
 * that the provider does is not in docs/decisions/worst-case.md.
 */
export function compareWithEstimate(
  admission: Admission,
  event: UsageEvent,
  shares: ExpectedShares,
  logger: Logger,
): void {
  const { estimated, facts } = admission;
  if (estimated === undefined || !isComparable(event)) return;
  const chargedNanoUsd = contractedCostNanoUsd(event);
  shares.learn(kindOf(admission), estimated.worstNanoUsd, chargedNanoUsd);
  if (chargedNanoUsd <= estimated.worstNanoUsd) return;
  logger.warn('a call cost more than its worst case', {
    attemptId: event.eventId,
    model: facts.model,
    chargedNanoUsd: String(chargedNanoUsd),
    worstNanoUsd: String(estimated.worstNanoUsd),
  });
}

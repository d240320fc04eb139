import type { Logger } from '@tallygate/usage';
import type { Admission } from '../admit.ts';
import type { LadderOptions } from './ladder-options.ts';

/** A listener that throws must not undo an admission: the hold is made. */
export function tellOfLadder(
  { attempt, attribution, changed }: Admission,
  listeners: readonly LadderOptions['onLadder'][],
  logger: Logger,
): void {
  if (changed === undefined) return;
  const { attemptId } = attempt;
  const notice = { attemptId, attribution, changes: changed.changes };
  logger.debug('a budget’s ladder changed a call', { attemptId, steps: steps(notice.changes) });
  for (const listener of listeners) {
    try {
      listener?.(notice);
    } catch (error) {
      logger.warn('onLadder failed', { attemptId, error: String(error) });
    }
  }
}

const steps = (changes: readonly { step: string }[]) => changes.map(({ step }) => step).join(', ');

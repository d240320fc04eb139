/** What a spool is made of, whether on a disk or in memory, and what both have in common. */
import { type Clock, type Logger, type SegmentDestination, TallygateError } from '@tallygate/usage';
import type { FullPolicy } from './disk-bound.ts';
import type { Recover } from './recover.ts';
import type { UnknownOutcomes } from './recover-intents.ts';

/** `SpoolOptions`, complete. */
export interface SpoolParts {
  directory: string;
  ownerId: string | undefined;
  destination: SegmentDestination | null;
  clock: Clock;
  logger: Logger;
  sealRows: number;
  sealBytes: number;
  sealAfterMs: number;
  maxBytes: number;
  full: FullPolicy;
  recover: Recover | undefined;
  unknownOutcomes: UnknownOutcomes | undefined;
  drainMs: number;
}

/** The meter tries for a few seconds itself; what is unsettled after that it has given up. */
export const SETTLE_GRACE_MS = 30_000;

/** A store or a gate that hangs must not keep the application from ending. */
export async function withinDeadline(deadlineMs: number, work: () => Promise<unknown>): Promise<void> {
  let deadline: NodeJS.Timeout | undefined;
  const expired = new Promise<void>((resolve) => {
    deadline = setTimeout(resolve, deadlineMs);
  });
  await Promise.race([work(), expired]);
  clearTimeout(deadline);
}

export function recordedTooLate(): TallygateError {
  return new TallygateError('TALLYGATE_SPOOL_FAILED', {
    message: 'Usage was recorded after the spool had been closed.',
    cure: 'Close the spool last, after every call has ended.',
  });
}

import { TallygateError } from '@tallygate/usage';

/** What the file system said, as an error of ours. @param problem the begin of a sentence. */
export function spoolFailure(problem: string, cause: unknown): TallygateError {
  if (TallygateError.isInstance(cause)) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TallygateError('TALLYGATE_SPOOL_FAILED', { message: `${problem}: ${reason}.`, cause });
}

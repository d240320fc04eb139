import { TallygateError } from '@tallygate/usage';

/** A report that cannot be counted. It is refused whole: half a report looks like a smaller bill. */
export function reportMalformed(report: string, found: string, cause?: unknown): TallygateError {
  return new TallygateError('TALLYGATE_REPORT_MALFORMED', {
    message: `The provider's ${report} ${found}.`,
    ...(cause === undefined ? {} : { cause }),
  });
}

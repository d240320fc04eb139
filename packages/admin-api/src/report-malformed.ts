import { TallygateError } from '@tallygate/usage';
import type { z } from 'zod';

/** A report that cannot be counted. It is refused whole: half a report looks like a smaller bill. */
export function reportMalformed(report: string, found: string, cause?: unknown): TallygateError {
  return new TallygateError('TALLYGATE_REPORT_MALFORMED', {
    message: `The provider's ${report} ${found}.`,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The first fault of a zod error as a clause: where, and what. */
function describeShape(error: z.ZodError): string {
  const issue = error.issues[0];
  return `is not understood at "${issue?.path.join('.') ?? ''}" (${issue?.message ?? 'unknown fault'})`;
}

/** @throws TallygateError `TALLYGATE_REPORT_MALFORMED` where the value has another shape. */
export function parseReported<T>(report: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw reportMalformed(report, describeShape(parsed.error), parsed.error);
  return parsed.data;
}

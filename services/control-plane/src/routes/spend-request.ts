import { periodAt, type SpendDimension, spendDimensionSchema, TallygateError } from '@tallygate/usage';
import { z } from 'zod';

/** `?groupBy=team,feature&from=2026-11-01&to=2026-11-22T12:00:00Z`: a date means its first moment in UTC. */
export interface SpendRequest {
  groupBy: SpendDimension[];
  fromMs: number;
  toMs: number;
}

const instant = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], {
    error: 'is neither a date nor an instant of ISO 8601',
  })
  .transform((text) => Date.parse(text));

const dimensions = z
  .string()
  .transform((text) => [...new Set(text.split(',').filter((name) => name !== ''))])
  .pipe(z.array(spendDimensionSchema));

/** The first of two values would win without a word, and not be the one that was meant. */
export function once<Schema extends z.ZodType>(schema: Schema) {
  return z.tuple([schema], { error: 'stands there more than once' }).transform(([value]) => value);
}

const querySchema = z.strictObject({
  groupBy: once(dimensions).default(['team', 'feature']),
  from: once(instant).optional(),
  to: once(instant).optional(),
});

/**
 * @param query every value of every parameter. Without `from` the UTC month begins the range, without `to` the present ends
 * it, which is not included.
 * @throws TallygateError `TALLYGATE_REQUEST_INVALID` for an unknown parameter, a bad value or an empty range.
 */
export function parseSpendRequest(query: Record<string, string[]>, nowMs: number): SpendRequest {
  const parsed = querySchema.safeParse(query);
  if (!parsed.success) throw invalid(describeIssue(parsed.error));
  const { groupBy, from, to } = parsed.data;
  const toMs = to ?? nowMs;
  const fromMs = from ?? periodAt('month', 'UTC', nowMs).startMs;
  if (fromMs >= toMs) throw invalid('"from" is not before "to"');
  return { groupBy, fromMs, toMs };
}

export function describeIssue({ issues: [issue] }: z.ZodError): string {
  const [field] = issue?.path ?? [];
  return `${field === undefined ? '' : `"${String(field)}" `}${issue?.message ?? 'it does not fit'}`;
}

export function invalid(what: string): TallygateError {
  return new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `The query is not valid: ${what}.`,
    cure: 'Write it such as ?groupBy=team,feature&from=2026-11-01&to=2026-12-01.',
  });
}

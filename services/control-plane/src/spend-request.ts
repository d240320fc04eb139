import { type SpendDimension, spendDimensionSchema, TallygateError } from '@tallygate/usage';
import { z } from 'zod';

/** `?groupBy=team,feature&from=2026-11-01&to=2026-11-22T12:00:00Z`: an instant, or a date that means its first moment in UTC. */
const instant = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: 'is neither a date nor an instant of ISO 8601',
});
const querySchema = z.strictObject({
  groupBy: z
    .string()
    .transform((text) => text.split(',').filter((name) => name !== ''))
    .pipe(z.array(spendDimensionSchema))
    .default([]),
  from: instant.transform((text) => Date.parse(text)).optional(),
  to: instant.transform((text) => Date.parse(text)).optional(),
});

export interface SpendRequest {
  groupBy: SpendDimension[];
  fromMs: number;
  toMs: number;
}

/**
 * Without `from` the UTC month begins the range, without `to` the present ends it.
 * @throws TallygateError `TALLYGATE_REQUEST_INVALID`
 */
export function parseSpendRequest(query: Record<string, string>, nowMs: number): SpendRequest {
  const parsed = querySchema.safeParse(query);
  if (!parsed.success) throw invalid(describe(parsed.error));
  const { groupBy, from, to } = parsed.data;
  const request = { groupBy, fromMs: from ?? utcMonthStartMs(nowMs), toMs: to ?? nowMs };
  if (request.fromMs >= request.toMs) throw invalid('"from" is not before "to"');
  return request;
}

/** First moment of the UTC month. */
export function utcMonthStartMs(instantMs: number): number {
  const now = new Date(instantMs);
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth());
}

/** First moment of the UTC day. */
export function utcDayStartMs(instantMs: number): number {
  return Math.floor(instantMs / 86_400_000) * 86_400_000;
}

function describe(error: z.ZodError): string {
  const [issue] = error.issues;
  const field = issue?.path.length ? `"${issue.path.join('.')}" ` : '';
  return `${field}${issue?.message ?? 'is not valid'}`;
}

function invalid(what: string): TallygateError {
  return new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `The query is not valid: ${what}.`,
    cure: 'Use groupBy=team,feature&from=2026-11-01&to=2026-12-01.',
  });
}

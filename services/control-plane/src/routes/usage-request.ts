import { spendQuerySchema, TIME_DIMENSIONS, USAGE_ORDERS, type UsageQuestion } from '@tallygate/usage';
import { z } from 'zod';
import { describeIssue, invalid, once, parseSpendRequest } from './spend-request.ts';

export type UsageRequest = Omit<UsageQuestion, 'organization' | 'by'>;

const restSchema = z.strictObject({
  /** `where=team=support,search`, as often as there are conditions. */
  where: z.array(z.string().regex(/^[A-Za-z]+=/, 'is not such as team=support,search')).default([]),
  tagKey: once(z.string().min(1)).optional(),
  order: once(z.enum(USAGE_ORDERS)).optional(),
  top: once(z.coerce.number().int().min(1).max(100_000)).optional(),
  percentiles: once(z.enum(['true', 'false']).transform((text) => text === 'true')).optional(),
});

/**
 * `?groupBy=day,team&from=…&to=…` as of spend, and `where`, `tagKey`, `order`, `top`, `percentiles`.
 * @throws TallygateError `TALLYGATE_REQUEST_INVALID` for an unknown parameter, a bad value or an empty range.
 */
export function parseUsageRequest(query: Record<string, string[]>, nowMs: number): UsageRequest {
  const { groupBy, from, to, ...others } = query;
  const asked = parseSpendRequest(present({ groupBy, from, to }), nowMs);
  const parsed = restSchema.safeParse(others);
  if (!parsed.success) throw invalid(describeIssue(parsed.error));
  const { where, ...rest } = parsed.data;
  return { ...asked, ...present(rest), ...(where.length === 0 ? {} : { filter: filterOf(where) }) };
}

/** Values of one dimension are alternatives, different dimensions must all fit. */
function filterOf(conditions: readonly string[]): NonNullable<UsageQuestion['filter']> {
  const filter = new Map<string, string[]>();
  for (const condition of conditions) {
    const at = condition.indexOf('=');
    const dimension = condition.slice(0, at);
    const values = condition.slice(at + 1).split(',');
    filter.set(dimension, [...(filter.get(dimension) ?? []), ...values]);
  }
  const parsed = spendQuerySchema.shape.filter.safeParse(Object.fromEntries(filter));
  if (parsed.success && parsed.data !== undefined) return parsed.data;
  throw invalid(`"where" names what is no dimension, or one of time (${TIME_DIMENSIONS.join(', ')})`);
}

function present<Fields extends object>(
  fields: Fields,
): { [Name in keyof Fields]: NonNullable<Fields[Name]> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Name in keyof Fields]: NonNullable<Fields[Name]> };
}

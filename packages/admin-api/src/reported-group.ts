import { z } from 'zod';
import { reportMalformed } from './report-malformed.ts';

const labelSchema = z.string().min(1).nullable();

/** @throws TallygateError `TALLYGATE_REPORT_MALFORMED` where the row names no value, nor null, for a dimension that was asked for. */
export function groupFrom<Dimension extends string>(
  report: string,
  row: Record<string, unknown>,
  asked: readonly Dimension[],
): Partial<Record<Dimension, string | null>> {
  const group: Partial<Record<Dimension, string | null>> = {};
  for (const dimension of asked) {
    const value = labelSchema.safeParse(row[dimension]);
    if (!value.success) throw reportMalformed(report, `was grouped by ${dimension}, a row names none`);
    group[dimension] = value.data;
  }
  return group;
}

/**
 * Two rows of one group in one bucket are a row sent twice, or a dimension that we do not see: either way not to be added up. Of
 * identities that it cannot show, the provider sends one null each.
 */
export function requireDistinctGroups(report: string, rows: readonly { group: object }[]): void {
  const seen = new Set<string>();
  for (const { group } of rows) {
    if ('actor' in group && group.actor === null) continue;
    const key = JSON.stringify(Object.entries(group).sort(([left], [right]) => (left < right ? -1 : 1)));
    if (seen.has(key)) throw reportMalformed(report, `holds the group ${key} twice in a bucket`);
    seen.add(key);
  }
}

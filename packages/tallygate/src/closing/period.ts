import { FINAL_AFTER_MS } from '@tallygate/reconcile';
import {
  configurationSnapshotSchema,
  type FinanceRecords,
  reportVersionSchema,
  TallygateError,
} from '@tallygate/usage';
import { z } from 'zod';
import { monthOf, rangeOfMonth } from '../allocation/index.ts';

const usd = z.string().regex(/^-?\d+\.\d{9}$/);
const fileSchema = z.object({ name: z.string(), sha256: z.string().length(64), sizeBytes: z.number().int() });

/** What a closed month was made from and what became of it: enough to tell whether a file of it is the one that was frozen. */
export const manifestSchema = z.object({
  /** How final the provider's figures were when it was closed. */
  provisional: z.boolean(),
  basis: z.enum(['invoice', 'report', 'charges']),
  /** Do the rows that were hashed add up to what was charged; null: a version closed it that hashed none. */
  rowsTied: z.boolean().nullable().default(null),
  /** Does the report tie to the invoice; null without both. */
  tiedToInvoice: z.boolean().nullable(),
  totals: z.object({
    chargedUsd: usd,
    reportedUsd: usd.nullable(),
    invoicedUsd: usd.nullable(),
    /** invoice − report − what the invoice states. */
    invoiceResidualUsd: usd.nullable(),
    allocatedUsd: usd,
    correctionsUsd: usd,
  }),
  versions: z.object({
    configuration: z.number().int(),
    reconciliationId: z.string().nullable(),
    reports: z.array(reportVersionSchema.omit({ organization: true })),
    invoices: z.array(z.object({ number: z.string(), revision: z.number().int() })),
    priceIds: z.array(z.string()),
  }),
  /** What decided who bears it: late figures of this month are allocated by the same. */
  rules: configurationSnapshotSchema.pick({ teams: true, finance: true }),
  /** Number of the record that holds the files. */
  statements: z.number().int(),
  files: z.array(fileSchema),
});
export type Manifest = z.output<typeof manifestSchema>;

const periodBodySchema = z.discriminatedUnion('state', [
  z.object({ version: z.literal(1), state: z.literal('closed'), manifest: manifestSchema }),
  z.object({ version: z.literal(1), state: z.literal('open') }),
]);

/** One decision about a month: it was closed, or opened again. */
export interface PeriodRecord {
  month: string;
  number: number;
  atMs: number;
  actor: string;
  reason: string;
  /** Null: open again. */
  manifest: Manifest | null;
}

/** Every decision, by month, the oldest first. */
export async function readPeriods(records: FinanceRecords, organization: string): Promise<PeriodRecord[]> {
  const rows = await records.financeRecords({ organization, kind: 'period' });
  return rows.map(({ subject: month, number, recordedAtMs: atMs, actor, reason, body }) => {
    const parsed = periodBodySchema.safeParse(body);
    if (!parsed.success)
      throw new TallygateError('TALLYGATE_VERSION_UNSUPPORTED', {
        message: `The record of ${month} is not one that this version understands.`,
        cause: parsed.error,
      });
    const manifest = parsed.data.state === 'closed' ? parsed.data.manifest : null;
    return { month, number, atMs, actor, reason, manifest };
  });
}

/** Those whose last decision is that they are closed, by month. */
export function closedPeriods(
  periods: readonly PeriodRecord[],
): Map<string, PeriodRecord & { manifest: Manifest }> {
  const last = new Map(periods.map((period) => [period.month, period]));
  return new Map(
    [...last].flatMap(([month, period]) =>
      period.manifest === null ? [] : [[month, { ...period, manifest: period.manifest }] as const],
    ),
  );
}

/** A closed month, and the next one that is not: what is recorded about the former from now on stands as a correction in the latter. */
export interface CarriedMonth {
  month: string;
  into: string;
}

/** Of the months that [fromMs, toMs) touches, those that are closed. */
export async function carriedMonths(
  records: FinanceRecords,
  organization: string,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<CarriedMonth[]> {
  const closed = closedPeriods(await readPeriods(records, organization));
  const touched = [...closed.keys()].filter((month) => {
    const range = rangeOfMonth(month);
    return range.fromMs < toMs && range.toMs > fromMs;
  });
  return touched.sort().map((month) => ({ month, into: firstOpenFrom(month, closed) }));
}

export function firstOpenFrom(month: string, closed: ReadonlyMap<string, unknown>): string {
  return closed.has(month) ? firstOpenFrom(monthOf(rangeOfMonth(month).toMs), closed) : month;
}

/** open: usage may still arrive. provisional: it is over, and the provider may adjust it for 30 days more. */
export function stateOfMonth(month: string, nowMs: number): 'open' | 'provisional' | 'final' {
  const { toMs } = rangeOfMonth(month);
  if (nowMs < toMs) return 'open';
  return nowMs < toMs + FINAL_AFTER_MS ? 'provisional' : 'final';
}

import { type FinanceRecord, nanoFromUsd, TallygateError } from '@tallygate/usage';
import { z } from 'zod';

/** Money of invoices: cents, as they are printed. */
const cents = z.string().regex(/^-?\d{1,10}\.\d{2}$/);
const monthSchema = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/);

/** As it is stored. The file itself is not: a ledger of figures is no archive of documents, and its hash tells which one was meant. */
export const invoiceBodySchema = z.object({
  version: z.literal(1),
  /** usage: what a month's usage is to be paid with. purchase: credit bought in advance; it is no usage, so in no sum of it. */
  kind: z.enum(['usage', 'purchase']),
  /** Of the provider, who is billed, where tallygate.yaml lists several; else null, as in what was stored before. */
  providerOrganizationId: z.string().min(1).nullable().default(null),
  month: monthSchema,
  issuedOn: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
  currency: z.literal('USD'),
  /** What is to be paid; negative for a credit note. */
  amountUsd: cents,
  /** Taken off: granted credits. */
  creditsUsd: cents,
  taxUsd: cents,
  /** Taken off: usage that a commitment had paid before. */
  commitmentUsd: cents,
  /** Added: what usage stayed below a commitment. */
  shortfallUsd: cents,
  file: z.object({ name: z.string(), sha256: z.string().length(64), sizeBytes: z.number().int() }).nullable(),
});
export type InvoiceBody = z.output<typeof invoiceBodySchema>;

/** One version of one invoice. */
export interface Invoice extends InvoiceBody {
  number: string;
  /** 1 as it was added first; each correction is one more. */
  revision: number;
  recordedAtMs: number;
  actor: string;
  reason: string;
}

/** @throws TallygateError `TALLYGATE_VERSION_UNSUPPORTED` for a body that this version cannot read. */
export function invoiceFrom(record: FinanceRecord): Invoice {
  const body = invoiceBodySchema.safeParse(record.body);
  if (!body.success)
    throw new TallygateError('TALLYGATE_VERSION_UNSUPPORTED', {
      message: `The recorded invoice ${record.subject} is not one that this version understands.`,
      cause: body.error,
    });
  const { subject: number, number: revision, recordedAtMs, actor, reason } = record;
  return { ...body.data, number, revision, recordedAtMs, actor, reason };
}

/** The newest version of each, by month, then by number. */
export function invoicesInForce(versions: readonly Invoice[]): Invoice[] {
  const newest = new Map<string, Invoice>();
  for (const invoice of versions)
    if (invoice.revision > (newest.get(invoice.number)?.revision ?? 0)) newest.set(invoice.number, invoice);
  const keyOf = ({ month, number }: Invoice) => `${month} ${number}`;
  return [...newest.values()].sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
}

const AMOUNT = /^(-?)(\d{1,10})(?:\.(\d{1,2}))?$/;

/**
 * "12.5" as "12.50": what an invoice prints, to the cent.
 * @throws TallygateError `TALLYGATE_MONEY_INVALID` for anything else, and below zero where that makes no sense.
 */
export function centsFrom(flag: string, text: string, sign: 'any' | 'positive' = 'positive'): string {
  const [, minus = '', whole, fraction = ''] = AMOUNT.exec(text.trim()) ?? [];
  if (whole === undefined || (minus === '-' && sign === 'positive'))
    throw new TallygateError('TALLYGATE_MONEY_INVALID', {
      message: `${flag} "${text}" is not an amount of an invoice.`,
      cure: `Write USD with at most two digits after the point${sign === 'positive' ? ' and no sign' : ''}, such as "1234.50".`,
    });
  const amount = `${BigInt(whole)}.${fraction.padEnd(2, '0')}`;
  return minus === '' || nanoFromUsd(amount) === 0n ? amount : `-${amount}`;
}

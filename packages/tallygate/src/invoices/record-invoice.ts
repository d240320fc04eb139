import { type Clock, type FinanceRecords, newFinanceRecordId } from '@tallygate/usage';
import { invalidRequest } from '../invalid-request.ts';
import { type Invoice, type InvoiceBody, invoiceFrom, invoicesInForce } from './invoice.ts';

interface Recording {
  records: FinanceRecords;
  organization: string;
  clock: Clock;
  actor: string;
}

/**
 * Keeps an invoice, or with a reason the next version of one.
 * @throws TallygateError `TALLYGATE_REQUEST_INVALID` for a number that is recorded already and no reason, and for a reason
 * without anything to correct; `TALLYGATE_RECORD_OUTDATED` where somebody else recorded the same version in between.
 */
export async function recordInvoice(
  { records, organization, clock, actor }: Recording,
  number: string,
  body: InvoiceBody,
  reason: string | null,
): Promise<Invoice> {
  const known = await records.financeRecords({ organization, kind: 'invoice', subject: number });
  requireReason(number, known.length, reason);
  const record = {
    ...{ organization, kind: 'invoice' as const, subject: number, number: known.length + 1 },
    recordId: newFinanceRecordId(),
    recordedAtMs: clock.nowMs(),
    actor,
    reason: reason ?? '',
    body,
  };
  await records.appendFinanceRecord(record);
  return invoiceFrom(record);
}

function requireReason(number: string, versions: number, reason: string | null): void {
  if (versions > 0 && reason === null)
    throw invalidRequest(
      `Invoice ${number} is recorded already.`,
      'Correct it with --reason and all of its amounts; every version is kept.',
    );
  if (versions === 0 && reason !== null)
    throw invalidRequest(`There is no invoice ${number} to correct.`, 'Add it without --reason.');
}

/** Every version of each, or of one; by number, the oldest version first. */
export async function readInvoices(
  records: FinanceRecords,
  organization: string,
  number?: string,
): Promise<Invoice[]> {
  const subject = number === undefined ? {} : { subject: number };
  const rows = await records.financeRecords({ organization, kind: 'invoice', ...subject });
  return rows.map(invoiceFrom);
}

/** Those in force for a month, such as "2026-10". */
export async function invoicesOfMonth(
  records: FinanceRecords,
  organization: string,
  month: string,
): Promise<Invoice[]> {
  const invoices = invoicesInForce(await readInvoices(records, organization));
  return invoices.filter((invoice) => invoice.month === month);
}

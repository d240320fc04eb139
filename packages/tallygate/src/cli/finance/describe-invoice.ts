import type { TextTable } from '@tallygate/report';
import { isoFromMs } from '@tallygate/usage';
import type { Invoice } from '../../invoices/index.ts';

export function invoiceDocument({
  version: _form,
  recordedAtMs,
  ...invoice
}: Invoice): Record<string, unknown> {
  return { ...invoice, recordedAt: isoFromMs(recordedAtMs) };
}

const AMOUNTS = [
  ['Credits', ({ creditsUsd }: Invoice) => creditsUsd],
  ['Tax', ({ taxUsd }: Invoice) => taxUsd],
  ['Commitment', ({ commitmentUsd }: Invoice) => commitmentUsd],
  ['Shortfall', ({ shortfallUsd }: Invoice) => shortfallUsd],
] as const;

/** A part that no invoice has is no column. */
export function invoiceTable(invoices: readonly Invoice[]): TextTable {
  const isNamed = invoices.some(({ providerOrganizationId }) => providerOrganizationId !== null);
  const amounts = AMOUNTS.filter(([, of]) => invoices.some((invoice) => of(invoice) !== '0.00'));
  return {
    columns: [
      ...['Number', 'Month', 'Issued', ...(isNamed ? ['Billed'] : []), 'For'].map((title) => ({
        title,
        align: 'left' as const,
      })),
      { title: 'Version', align: 'right', spare: 1 },
      ...amounts.map(([title]) => ({ title, align: 'right' as const })),
      { title: 'Amount (USD)', align: 'right' },
    ],
    rows: invoices.map((invoice) => [
      invoice.number,
      invoice.month,
      invoice.issuedOn,
      ...(isNamed ? [invoice.providerOrganizationId ?? ''] : []),
      invoice.kind === 'usage' ? 'usage' : 'credit bought',
      String(invoice.revision),
      ...amounts.map(([, of]) => of(invoice)),
      invoice.amountUsd,
    ]),
  };
}

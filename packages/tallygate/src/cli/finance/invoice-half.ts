import { type TextTable, varianceTable } from '@tallygate/report';
import { FINANCE_DEFAULTS, usdFromPico } from '@tallygate/usage';
import { monthOf, rangeOfMonth } from '../../allocation/index.ts';
import {
  type Invoice,
  type InvoiceStatement,
  invoiceNextActions,
  invoiceStatement,
  invoicesOfMonth,
} from '../../invoices/index.ts';
import type { ProviderOfBill } from '../../provider/index.ts';
import type { CliRuntime } from '../context.ts';
import type { TimeRange } from '../time-range.ts';
import { requireHistory } from '../with-runtime.ts';
import { invoiceDocument } from './describe-invoice.ts';

/** What `reconcile --month` says beside its own half. */
export interface InvoiceHalf {
  document: Record<string, unknown>;
  table: TextTable;
  /** Of each step, and of the residual. */
  nextActions: readonly { name: string; nextAction: string }[];
  isTied: boolean;
}

/** From the report to the invoices of its month, and of whom it is; null where the range is no month, and where none has come. */
export async function invoiceHalf(
  runtime: CliRuntime,
  { fromMs, toMs }: TimeRange,
  reportedPicoUsd: bigint,
  provider: ProviderOfBill | null,
): Promise<InvoiceHalf | null> {
  const month = monthOf(fromMs);
  const whole = rangeOfMonth(month);
  if (whole.fromMs !== fromMs || whole.toMs !== toMs) return null;
  const { organization, gate } = runtime;
  const ofMonth = await invoicesOfMonth(requireHistory(runtime), organization, month);
  const invoices = ofMonth.filter(isOf(provider));
  const { finance = FINANCE_DEFAULTS } = await gate.configuration();
  const statement = invoiceStatement(reportedPicoUsd, invoices, finance);
  if (statement === null) return null;
  const nextActions = invoiceNextActions(statement);
  return {
    document: statementDocument(statement, nextActions),
    nextActions,
    table: varianceTable({
      internalPicoUsd: statement.reportedPicoUsd,
      billedPicoUsd: statement.invoicedPicoUsd,
      causes: statement.steps,
      ends: { title: 'From the bill to the invoice', from: "Provider's bill", to: 'Invoice' },
    }),
    isTied: statement.isTied,
  };
}

/** As with rows: an invoice that names nobody is the first's. */
function isOf(provider: ProviderOfBill | null) {
  return ({ providerOrganizationId: id }: Invoice): boolean =>
    !provider?.organizationId || id === provider.organizationId || (id === null && provider.isFirst);
}

function statementDocument(
  { steps, invoices, purchases, isTied, ...amounts }: InvoiceStatement,
  nextActions: InvoiceHalf['nextActions'],
) {
  return {
    tied: isTied,
    reportedUsd: usdFromPico(amounts.reportedPicoUsd),
    steps: steps.map(({ name, amountPicoUsd, evidence }) => ({
      ...{ step: name, amountUsd: usdFromPico(amountPicoUsd), evidence },
    })),
    nextActions,
    residualUsd: usdFromPico(amounts.residualPicoUsd),
    invoicedUsd: usdFromPico(amounts.invoicedPicoUsd),
    invoices: invoices.map(invoiceDocument),
    purchases: purchases.map(invoiceDocument),
  };
}

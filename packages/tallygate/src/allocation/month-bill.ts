import type { Cause, CauseName } from '@tallygate/reconcile';
import { type BillToAllocate, sumOf } from '@tallygate/report';
import {
  type ConfigurationSnapshot,
  FINANCE_DEFAULTS,
  type NanoUsd,
  nanoFromPico,
  type SpendHistory,
  type SpendRow,
} from '@tallygate/usage';
import {
  type Invoice,
  type InvoiceStatement,
  invoiceStatement,
  invoicesOfMonth,
  type ReportedBill,
  statementOfBills,
} from '../invoices/index.ts';
import { lastReconciliations } from '../reconciliation/index.ts';
import { rangeOfMonth } from './month.ts';
import { teamOfPlace } from './team-of-place.ts';

/** By what a bill is allocated: what of the configuration decides it. */
export type AllocationRules = Pick<ConfigurationSnapshot, 'teams' | 'finance'>;

/** What a month cost, by the best that is known of it. */
export interface MonthBill {
  month: string;
  /** What the total is: the invoice, before it comes the provider's report, before that our own charges. */
  basis: 'invoice' | 'report' | 'charges';
  totalNanoUsd: NanoUsd;
  /** Ours, on the backends that this bill is about. */
  chargedNanoUsd: NanoUsd;
  /** Null without a reconciliation of exactly this month. Of several organizations of the provider it is the sum. */
  report: MonthReport | null;
  /** Null where there is nothing to tie to. */
  invoice: InvoiceStatement | null;
  /** For the usage of the month, whether there is a report to compare them with or not. */
  invoices: readonly Invoice[];
  /** Ours, on partner clouds, which send bills of their own; 0 where the total is our own charges: it holds them. */
  elsewhereNanoUsd: NanoUsd;
  toAllocate: BillToAllocate;
}

interface MonthReport {
  /** Of several, all of them, separated by commas. */
  reportId: string;
  billedNanoUsd: NanoUsd;
  bills: ReportedBill[];
  causes: Cause[];
}

/** Usage that no call of ours stands for. */
const UNMETERED: ReadonlySet<CauseName> = new Set<CauseName>([
  'unmetered_key',
  'unmetered_workspace',
  'unmetered_model',
  'unmetered_hours',
  'code_execution',
  'session_runtime',
  'unknown_cost_type',
]);

/** Rejects with `TALLYGATE_LEDGER_UNAVAILABLE`; a month that is empty is a bill of nothing. */
export async function readMonthBill(
  history: SpendHistory,
  organization: string,
  month: string,
  rules: AllocationRules,
): Promise<MonthBill> {
  const range = rangeOfMonth(month);
  const rows = await history.spend({
    ...{ organization, ...range, by: 'ended' },
    groupBy: ['team', 'feature', 'backend'],
  });
  const report = await readReport(history, organization, range);
  const finance = rules.finance ?? FINANCE_DEFAULTS;
  const invoices = await invoicesOfMonth(history, organization, month);
  const invoice = report === null ? null : statementOfBills(report.bills, invoices, finance);
  // Without a report to go on from, what an invoice states beside usage is taken from what it asks for.
  const alone = report === null ? invoiceStatement(0n, invoices, { billing: 'invoiced' }) : null;
  return billOf({
    month,
    rules,
    rows,
    report,
    invoice: invoice ?? alone,
    isPrepaid: finance.billing === 'prepaid',
  });
}

interface Read extends Pick<MonthBill, 'month' | 'report' | 'invoice'> {
  rules: AllocationRules;
  rows: readonly SpendRow[];
  isPrepaid: boolean;
}

function billOf({ month, rules, rows, report, invoice, isPrepaid }: Read): MonthBill {
  const isInvoiced = invoice !== null && invoice.invoices.length > 0 && !isPrepaid;
  const basis = isInvoiced ? 'invoice' : report === null ? 'charges' : 'report';
  const billed = rows.filter(({ group }) => basis === 'charges' || group.backend === 'anthropic');
  const chargedNanoUsd = sumOfCharges(billed);
  const sharedNanoUsd = isInvoiced ? sharedOf(invoice, report) : 0n;
  const totalNanoUsd = isInvoiced
    ? nanoFromPico(invoice.invoicedPicoUsd)
    : (report?.billedNanoUsd ?? chargedNanoUsd);
  const unmetered = unmeteredOf(report?.causes ?? [], rules);
  const darkNanoUsd = sumOf(unmetered);
  return {
    ...{ month, basis, totalNanoUsd, chargedNanoUsd, report },
    invoice: report === null ? null : invoice,
    invoices: invoice?.invoices ?? [],
    elsewhereNanoUsd: sumOfCharges(rows) - chargedNanoUsd,
    toAllocate: {
      meteredNanoUsd: totalNanoUsd - sharedNanoUsd - darkNanoUsd,
      unmetered,
      sharedNanoUsd,
      charges: billed.map(({ group: { team = '', feature = '' }, contractedCostNanoUsd }) => ({
        ...{ team, feature, chargedNanoUsd: contractedCostNanoUsd },
      })),
      teams: rules.teams.map(({ id }) => id),
      rules: rules.finance ?? FINANCE_DEFAULTS,
    },
  };
}

async function readReport(
  history: SpendHistory,
  organization: string,
  range: { fromMs: number; toMs: number },
): Promise<MonthReport | null> {
  const read = await lastReconciliations(history, organization, range);
  if (read.length === 0) return null;
  const billedPicoUsd = read.reduce((sum, { reconciliation }) => sum + reconciliation.billedPicoUsd, 0n);
  return {
    reportId: read.map(({ reportId }) => reportId).join(', '),
    billedNanoUsd: nanoFromPico(billedPicoUsd),
    bills: read.map(({ providerOrganizationId, reconciliation }) => ({
      providerOrganizationId,
      billedPicoUsd: reconciliation.billedPicoUsd,
    })),
    causes: read.flatMap(({ reconciliation: { causes } }) => causes),
  };
}

/** invoice − report; without a report, what the invoice states beside usage. */
function sharedOf({ invoicedPicoUsd, steps }: InvoiceStatement, report: MonthBill['report']): NanoUsd {
  if (report !== null) return nanoFromPico(invoicedPicoUsd) - report.billedNanoUsd;
  return nanoFromPico(steps.reduce((sum, { amountPicoUsd }) => sum + amountPicoUsd, 0n));
}

/** By the team of the key, else of the workspace; what has none, of usage that was not metered, is nobody's. */
function unmeteredOf(causes: readonly Cause[], { teams }: AllocationRules) {
  const teamOf = teamOfPlace(teams);
  return causes
    .filter(({ cause }) => UNMETERED.has(cause))
    .flatMap(({ byKey }) => byKey)
    .map(({ apiKeyId, workspaceId, amountPicoUsd }) => ({
      team: teamOf(apiKeyId, workspaceId),
      amountNanoUsd: nanoFromPico(amountPicoUsd),
    }));
}

function sumOfCharges(rows: readonly SpendRow[]): NanoUsd {
  return rows.reduce((sum, { contractedCostNanoUsd }) => sum + contractedCostNanoUsd, 0n);
}

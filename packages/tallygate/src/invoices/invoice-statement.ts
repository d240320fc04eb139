import {
  divideHalfEven,
  type Finance,
  nanoFromUsd,
  PICO_USD_PER_CENT,
  PICO_USD_PER_NANO_USD,
  type PicoUsd,
} from '@tallygate/usage';
import type { Invoice } from './invoice.ts';

/** One part of the way from the provider's report to what its invoices ask for. */
export interface InvoiceStep {
  name: 'credits' | 'tax' | 'commitment drawn down' | 'commitment shortfall' | 'prepaid credit' | 'cents';
  amountPicoUsd: PicoUsd;
  evidence: string;
}

/**
 * Promise, exact in pico-USD: reported + Σ steps + residual = invoiced. Each step is what an invoice states, or the rounding of
 * that sum to the cent; none is what happens to be left over.
 */
export interface InvoiceStatement {
  reportedPicoUsd: PicoUsd;
  steps: InvoiceStep[];
  residualPicoUsd: PicoUsd;
  invoicedPicoUsd: PicoUsd;
  isTied: boolean;
  /** The invoices for usage that it is about, and credit bought in the same month, which is none. */
  invoices: Invoice[];
  purchases: Invoice[];
}

/**
 * The second half of a month's waterfall.
 *
 * With prepaid billing usage is drawn from credit that was bought before, and no invoice asks for it. The tolerance is how far the
 * residual may be from zero and still tie.
 * @returns null where there is nothing to compare with: no invoice for usage has come yet.
 */
export function invoiceStatement(
  reportedPicoUsd: PicoUsd,
  ofMonth: readonly Invoice[],
  { billing, toleranceUsd = '0' }: Pick<Finance, 'billing' | 'toleranceUsd'>,
): InvoiceStatement | null {
  const invoices = ofMonth.filter(({ kind }) => kind === 'usage');
  const purchases = ofMonth.filter(({ kind }) => kind === 'purchase');
  if (invoices.length === 0 && billing === 'invoiced') return null;
  const stated = statedSteps(invoices);
  const dueNow = reportedPicoUsd + sumOf(stated);
  const steps = billing === 'prepaid' ? [...stated, drawnDown(dueNow)] : [...stated, toCents(dueNow)];
  const invoicedPicoUsd = sum(invoices, ({ amountUsd }) => amountUsd);
  const residualPicoUsd = invoicedPicoUsd - reportedPicoUsd - sumOf(steps);
  const magnitude = residualPicoUsd < 0n ? -residualPicoUsd : residualPicoUsd;
  return {
    reportedPicoUsd,
    steps: steps.filter(({ amountPicoUsd }) => amountPicoUsd !== 0n),
    residualPicoUsd,
    invoicedPicoUsd,
    isTied: magnitude <= nanoFromUsd(toleranceUsd) * PICO_USD_PER_NANO_USD,
    invoices,
    purchases,
  };
}

/** Of one organization of the provider. */
export interface ReportedBill {
  providerOrganizationId: string | null;
  billedPicoUsd: PicoUsd;
}

/**
 * The sum of several bills' statements: each is rounded to the cent by itself, and ties, within the tolerance, by itself. Where an
 * invoice does not say which bill it is for, or a bill has none yet, all of them are one.
 */
export function statementOfBills(
  bills: readonly ReportedBill[],
  ofMonth: readonly Invoice[],
  finance: Pick<Finance, 'billing' | 'toleranceUsd'>,
): InvoiceStatement | null {
  const isOf = (bill: ReportedBill) => (invoice: Invoice) =>
    invoice.providerOrganizationId === bill.providerOrganizationId;
  const isEachNamed = ofMonth.every((invoice) => bills.some((bill) => isOf(bill)(invoice)));
  const each = bills.map((bill) => invoiceStatement(bill.billedPicoUsd, ofMonth.filter(isOf(bill)), finance));
  const statements = each.filter((statement) => statement !== null);
  if (isEachNamed && statements.length === bills.length) return summed(statements);
  const billedPicoUsd = bills.reduce((total, bill) => total + bill.billedPicoUsd, 0n);
  return invoiceStatement(billedPicoUsd, ofMonth, finance);
}

function summed(statements: readonly InvoiceStatement[]): InvoiceStatement {
  const total = (of: (statement: InvoiceStatement) => PicoUsd) =>
    statements.reduce((amount, statement) => amount + of(statement), 0n);
  const steps = statements.flatMap((statement) => statement.steps);
  return {
    reportedPicoUsd: total(({ reportedPicoUsd }) => reportedPicoUsd),
    steps: [...new Set(steps.map(({ name }) => name))].map((name) => stepOf(name, steps)),
    residualPicoUsd: total(({ residualPicoUsd }) => residualPicoUsd),
    invoicedPicoUsd: total(({ invoicedPicoUsd }) => invoicedPicoUsd),
    isTied: statements.every(({ isTied }) => isTied),
    invoices: statements.flatMap(({ invoices }) => invoices),
    purchases: statements.flatMap(({ purchases }) => purchases),
  };
}

function stepOf(name: InvoiceStep['name'], steps: readonly InvoiceStep[]): InvoiceStep {
  const own = steps.filter((step) => step.name === name);
  const evidence = [...new Set(own.map((step) => step.evidence))].join(', ');
  return { name, amountPicoUsd: sumOf(own), evidence };
}

function statedSteps(invoices: readonly Invoice[]): InvoiceStep[] {
  const step = (
    name: InvoiceStep['name'],
    sign: 1n | -1n,
    of: (invoice: Invoice) => string,
  ): InvoiceStep => ({
    name,
    amountPicoUsd: sign * sum(invoices, of),
    evidence: invoices
      .filter((invoice) => nanoFromUsd(of(invoice)) !== 0n)
      .map(({ number }) => number)
      .join(', '),
  });
  return [
    step('credits', -1n, ({ creditsUsd }) => creditsUsd),
    step('commitment drawn down', -1n, ({ commitmentUsd }) => commitmentUsd),
    step('commitment shortfall', 1n, ({ shortfallUsd }) => shortfallUsd),
    step('tax', 1n, ({ taxUsd }) => taxUsd),
  ];
}

/** All of it: an invoice that asks for usage beside prepaid credit stands as residual, for somebody paid twice. */
function drawnDown(duePicoUsd: PicoUsd): InvoiceStep {
  return {
    name: 'prepaid credit',
    amountPicoUsd: -duePicoUsd,
    evidence: 'drawn from credit that was bought before',
  };
}

/** Invoices are in cents and reports are not: half to even. */
function toCents(duePicoUsd: PicoUsd): InvoiceStep {
  return {
    name: 'cents',
    amountPicoUsd: divideHalfEven(duePicoUsd, PICO_USD_PER_CENT) * PICO_USD_PER_CENT - duePicoUsd,
    evidence: 'what rounding to the cent adds or takes',
  };
}

function sumOf(steps: readonly InvoiceStep[]): PicoUsd {
  return steps.reduce((total, { amountPicoUsd }) => total + amountPicoUsd, 0n);
}

function sum(invoices: readonly Invoice[], of: (invoice: Invoice) => string): PicoUsd {
  return invoices.reduce((total, invoice) => total + nanoFromUsd(of(invoice)) * PICO_USD_PER_NANO_USD, 0n);
}

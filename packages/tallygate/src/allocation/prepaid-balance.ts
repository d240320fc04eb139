import {
  type ConfigurationSnapshot,
  nanoFromUsd,
  PICO_USD_PER_NANO_USD,
  type PicoUsd,
  type SpendHistory,
} from '@tallygate/usage';
import { type Invoice, invoicesInForce, readInvoices } from '../invoices/index.ts';
import { monthOf, rangeOfMonth } from './month.ts';
import { type MonthBill, readMonthBill } from './month-bill.ts';

/** One month of credit that was bought in advance: opening + bought − drawn = closing, exactly. */
export interface PrepaidMonth {
  month: string;
  openingPicoUsd: PicoUsd;
  /** What purchases of the month are worth as credit: no usage, so in no bill. */
  boughtPicoUsd: PicoUsd;
  drawnPicoUsd: PicoUsd;
  closingPicoUsd: PicoUsd;
  /** By what the draw-down is known: the provider's report, or before the month is reconciled our own charges. */
  basis: 'report' | 'charges';
  /** Numbers of the purchases. */
  purchases: string[];
}

/** From the month of the first purchase to `lastMonth`; empty where nothing was bought until then. */
export async function prepaidBalance(
  history: SpendHistory,
  configuration: ConfigurationSnapshot,
  lastMonth: string,
): Promise<PrepaidMonth[]> {
  const { organization } = configuration;
  const invoices = invoicesInForce(await readInvoices(history, organization));
  const purchases = invoices.filter(({ kind, month }) => kind === 'purchase' && month <= lastMonth);
  const months: PrepaidMonth[] = [];
  let openingPicoUsd = 0n;
  for (const month of monthsFrom(purchases[0]?.month, lastMonth)) {
    const bill = await readMonthBill(history, organization, month, configuration);
    const bought = purchases.filter((purchase) => purchase.month === month);
    const boughtPicoUsd = bought.reduce((sum, purchase) => sum + creditOf(purchase), 0n);
    const drawnPicoUsd = drawnFrom(bill);
    const closingPicoUsd = openingPicoUsd + boughtPicoUsd - drawnPicoUsd;
    const basis = bill.report === null ? 'charges' : 'report';
    const numbers = bought.map(({ number }) => number);
    const amounts = { openingPicoUsd, boughtPicoUsd, drawnPicoUsd, closingPicoUsd };
    months.push({ month, ...amounts, basis, purchases: numbers });
    openingPicoUsd = closingPicoUsd;
  }
  return months;
}

function monthsFrom(first: string | undefined, last: string): string[] {
  if (first === undefined) return [];
  const months: string[] = [];
  for (let month = first; month <= last; month = monthOf(rangeOfMonth(month).toMs)) months.push(month);
  return months;
}

/** What is paid for it, without tax, and with what was granted on top. */
function creditOf({ amountUsd, taxUsd, creditsUsd }: Invoice): PicoUsd {
  return (nanoFromUsd(amountUsd) - nanoFromUsd(taxUsd) + nanoFromUsd(creditsUsd)) * PICO_USD_PER_NANO_USD;
}

/** As the month's statement has it, less what its invoices take off; without a report, what was charged. */
function drawnFrom({ invoice, chargedNanoUsd }: MonthBill): PicoUsd {
  const step = invoice?.steps.find(({ name }) => name === 'prepaid credit');
  if (invoice === null) return chargedNanoUsd * PICO_USD_PER_NANO_USD;
  return -(step?.amountPicoUsd ?? 0n);
}

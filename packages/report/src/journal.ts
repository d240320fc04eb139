import { divideHalfEven, type NanoUsd, TallygateError } from '@tallygate/usage';
import { sumOf } from './allocate-bill.ts';
import { roundedTo } from './largest-remainder.ts';

/** What a cost centre bears, before it is rounded to the currency's cents. */
export interface JournalItem {
  costCentre: string;
  /** The team, or what else the amount is for. */
  project: string;
  memo: string;
  amountNanoUsd: NanoUsd;
}

export interface JournalHead {
  batchId: string;
  /** "2026-10". */
  period: string;
  /** The last day of the period: "2026-10-31". */
  postingDate: string;
  entity: string;
  expenseAccount: string;
  clearingAccount: string;
  clearingCostCentre: string;
  /** SHA-256 of what the amounts were computed from. */
  sourceHash: string;
}

export interface JournalLine {
  batchId: string;
  period: string;
  postingDate: string;
  entity: string;
  account: string;
  costCentre: string;
  project: string;
  /** "12.30", and "" on the other side. */
  debit: string;
  credit: string;
  currency: 'USD';
  memo: string;
  lineReference: string;
  sourceHash: string;
}

const NANO_USD_PER_CENT = 10_000_000n;

/**
 * Debits what each cost centre bears and credits the one that paid, in cents that add up to the rounded total.
 * @throws TallygateError `TALLYGATE_REQUEST_FAILED` where debits and credits were to differ: nothing that does not balance leaves here.
 */
export function balancedJournal(head: JournalHead, items: readonly JournalItem[]): JournalLine[] {
  const keyed = items.map((item, index) => ({
    ...item,
    key: JSON.stringify([item.costCentre, item.project, item.memo, index]),
  }));
  const total = sumOf(items);
  const totalCents = divideHalfEven(total, NANO_USD_PER_CENT);
  const parts = keyed.map(({ key, amountNanoUsd }) => ({ key, numerator: amountNanoUsd }));
  const shares = roundedTo(totalCents, parts, NANO_USD_PER_CENT);
  const entries = keyed.map(({ costCentre, project, memo }, index) => ({
    ...{ account: head.expenseAccount, costCentre, project, memo },
    cents: shares[index]?.amount ?? 0n,
  }));
  const paid = {
    ...{ account: head.clearingAccount, costCentre: head.clearingCostCentre, project: '' },
    ...{ memo: `Claude ${head.period}`, cents: -totalCents },
  };
  const lines = [...entries, paid].filter(({ cents }) => cents !== 0n);
  requireBalance(lines);
  return lines.map((entry, index) => journalLine(head, entry, index + 1));
}

function journalLine(
  { expenseAccount: _expense, clearingAccount: _clearing, clearingCostCentre: _centre, ...head }: JournalHead,
  { cents, ...entry }: { account: string; costCentre: string; project: string; memo: string; cents: bigint },
  number: number,
): JournalLine {
  return {
    ...head,
    ...entry,
    debit: cents > 0n ? decimal(cents) : '',
    credit: cents < 0n ? decimal(-cents) : '',
    currency: 'USD',
    lineReference: `${head.batchId}/${number}`,
  };
}

function requireBalance(lines: readonly { cents: bigint }[]): void {
  const difference = lines.reduce((sum, { cents }) => sum + cents, 0n);
  if (difference === 0n) return;
  throw new TallygateError('TALLYGATE_REQUEST_FAILED', {
    message: `Debits and credits of the journal differ by ${decimal(difference)} USD.`,
    cure: 'Nothing was written; this is a defect of tallygate.',
  });
}

function decimal(cents: bigint): string {
  const sign = cents < 0n ? '-' : '';
  const digits = (cents < 0n ? -cents : cents).toString().padStart(3, '0');
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

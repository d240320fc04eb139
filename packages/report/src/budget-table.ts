import {
  type Balance,
  describeCover,
  describeMode,
  describePeriod,
  describeReset,
  formatAmount,
  formatBareAmount,
  type Period,
} from '@tallygate/usage';
import type { TextTable } from './text-table.ts';

const BAR_CELLS = 20n;

/** Every budget in its current period, fullest first. */
export function budgetTable(balances: readonly Balance[]): TextTable {
  const left = ['Budget', 'For', 'Period', 'Mode'];
  const right = ['Spent', 'Held', 'Limit', 'Available'];
  return {
    columns: [
      ...left.map((title) => ({ title, align: 'left' as const })),
      ...right.map((title) => ({ title, align: 'right' as const })),
      { title: 'Used', align: 'left' },
      { title: 'Resets', align: 'left' },
    ],
    rows: balances.toSorted(fullestFirst).map((balance) => {
      const period = periodOf(balance);
      const { budget } = balance;
      const { measure } = budget;
      return [
        budget.id,
        describeCover(budget),
        describePeriod(period, budget.timeZone),
        describeMode(budget),
        formatBareAmount(balance.spent, measure),
        formatBareAmount(balance.held, measure),
        formatAmount(budget.limit, measure),
        formatBareAmount(availableIn(balance), measure),
        budgetBar(balance),
        describeReset(period, budget.timeZone),
      ];
    }),
  };
}

/** In the budget's measure: limit − spent − held; negative once a charge came out above its hold. */
export function availableIn(balance: Balance): bigint {
  return balance.budget.limit - balance.spent - balance.held;
}

/**
 * "███████▒▒··········· 45%": spent, held, available. Rounded down, so that a full bar is a full budget; anything at all
 * shows as one cell.
 */
export function budgetBar(balance: Balance): string {
  const { limit } = balance.budget;
  const spent = cellsOf(balance.spent, limit, BAR_CELLS);
  const held = cellsOf(balance.held, limit, BAR_CELLS - spent);
  const rest = BAR_CELLS - spent - held;
  const used = usedPercent(balance);
  const bar = '█'.repeat(Number(spent)) + '▒'.repeat(Number(held)) + '·'.repeat(Number(rest));
  return `${bar} ${used === null ? 'over' : `${used}%`}`;
}

/** Whole percent of the limit that is spent or held, rounded down; null: something of a limit of nothing. */
function usedPercent(balance: Balance): bigint | null {
  const used = balance.spent + balance.held;
  if (balance.budget.limit > 0n) return (used * 100n) / balance.budget.limit;
  return used > 0n ? null : 100n;
}

function cellsOf(amount: bigint, limit: bigint, most: bigint): bigint {
  if (amount <= 0n) return 0n;
  const cells = limit > 0n ? (amount * BAR_CELLS) / limit : BAR_CELLS;
  const shown = cells === 0n ? 1n : cells;
  return shown > most ? most : shown;
}

/** Compares used fractions without dividing; equal ones by id, so that the order never flickers. */
function fullestFirst(left: Balance, right: Balance): number {
  const ofLeft = (left.spent + left.held) * right.budget.limit;
  const ofRight = (right.spent + right.held) * left.budget.limit;
  if (ofLeft !== ofRight) return ofLeft > ofRight ? -1 : 1;
  return left.budget.id < right.budget.id ? -1 : 1;
}

function periodOf(balance: Balance): Period {
  return { unit: balance.budget.period, startMs: balance.periodStartMs, endMs: balance.periodEndMs };
}

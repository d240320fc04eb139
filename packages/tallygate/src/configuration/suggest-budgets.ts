import {
  type Budget,
  type BudgetScope,
  type ConfigurationSnapshot,
  type NanoUsd,
  type PeriodUnit,
  periodAt,
  type SpendRow,
  UNASSIGNED,
} from '@tallygate/usage';

export interface SuggestOptions {
  live: ConfigurationSnapshot;
  /** Spend by team, perhaps feature, and hour, of whole periods. */
  rows: readonly SpendRow[];
  fromMs: number;
  /** When the period under way began: it is not over, and counts for nothing. */
  toMs: number;
  period: PeriodUnit;
  timeZone: string;
}

export interface Suggestion {
  budget: Budget;
  /** 95th percentile of what its periods cost. */
  p95NanoUsd: NanoUsd;
  /** From the first with spend on. */
  periods: number;
}

const CENT_NANO_USD = 10_000_000n;

/**
 * One budget for each team (and feature) that spent anything: the 95th percentile of its periods, and a fifth more, rounded up to
 * cents. A budget of the same scope and period that is live keeps its id and all else but its limit.
 */
export function suggestBudgets(options: SuggestOptions): Suggestion[] {
  const ids = new Set(options.live.budgets.map(({ id }) => id));
  return [...costsByScope(options)].flatMap(([key, costs]) => {
    const p95NanoUsd = percentile95(periodsSinceFirst(options, costs));
    if (p95NanoUsd === 0n) return [];
    const { scope, ...budget } = budgetFor(JSON.parse(key) as BudgetScope, options, ids);
    const limit = upToCents((p95NanoUsd * 6n + 4n) / 5n);
    const periods = periodsSinceFirst(options, costs).length;
    return [{ budget: { ...budget, scope, limit }, p95NanoUsd, periods }];
  });
}

function costsByScope({ rows, period, timeZone }: SuggestOptions): Map<string, Map<number, NanoUsd>> {
  const byScope = new Map<string, Map<number, NanoUsd>>();
  for (const { group, contractedCostNanoUsd } of rows) {
    const { team = UNASSIGNED, feature } = group;
    const key = JSON.stringify(feature === undefined ? { team } : { team, feature });
    const costs = byScope.get(key) ?? new Map<number, NanoUsd>();
    byScope.set(key, costs);
    const { startMs } = periodAt(period, timeZone, Date.parse(group.hour ?? ''));
    costs.set(startMs, (costs.get(startMs) ?? 0n) + contractedCostNanoUsd);
  }
  return byScope;
}

/** A period without spend is one that cost nothing, once there had been any. */
function periodsSinceFirst(
  { toMs, period, timeZone }: SuggestOptions,
  costs: ReadonlyMap<number, NanoUsd>,
): NanoUsd[] {
  const found: NanoUsd[] = [];
  let startMs = Math.min(...costs.keys());
  while (startMs < toMs) {
    found.push(costs.get(startMs) ?? 0n);
    startMs = periodAt(period, timeZone, startMs).endMs;
  }
  return found;
}

/** The smallest that at least 95 % of them do not exceed. */
function percentile95(amounts: readonly NanoUsd[]): NanoUsd {
  const sorted = amounts.toSorted((a, b) => (a < b ? -1 : 1));
  return sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0n;
}

function budgetFor(
  scope: BudgetScope,
  { live, period, timeZone }: SuggestOptions,
  ids: Set<string>,
): Omit<Budget, 'limit'> {
  const isSame = (budget: Budget) =>
    budget.each === undefined &&
    budget.isPool === undefined &&
    (budget.measure ?? 'usd') === 'usd' &&
    budget.period === period &&
    JSON.stringify(sorted(budget.scope)) === JSON.stringify(sorted(scope));
  const known = live.budgets.find(isSame);
  if (known !== undefined) return known;
  const id = freeId([scope.team, scope.feature, period].filter(Boolean).join('-'), ids);
  ids.add(id);
  return { id, scope, period, timeZone, onOutage: 'block' };
}

function freeId(name: string, ids: ReadonlySet<string>): string {
  const base = name
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 56);
  let id = base;
  for (let count = 2; ids.has(id); count += 1) id = `${base}-${count}`;
  return id;
}

function sorted(scope: BudgetScope): [string, unknown][] {
  return Object.entries(scope).sort(([a], [b]) => (a < b ? -1 : 1));
}

function upToCents(amountNanoUsd: NanoUsd): NanoUsd {
  return ((amountNanoUsd + CENT_NANO_USD - 1n) / CENT_NANO_USD) * CENT_NANO_USD;
}

import { availableIn } from '@tallygate/report';
import {
  type Balance,
  type BudgetScope,
  describePeriod,
  describeReset,
  describeScope,
  describeVelocity,
  type Measure,
  type Period,
} from '@tallygate/usage';

/** One budget in its current period, ready to be drawn. */
export interface BudgetLine {
  id: string;
  /** Null: the whole of the team or organization that it stands under. */
  feature: string | null;
  team: string | null;
  /** What else it is limited to: "user 3fa…"; "" where there is nothing. */
  others: string;
  /** It is one, which budgets of any team or feature share. */
  isPool: boolean;
  /** What holds the calls that do not fit on it; null: nothing. */
  pool: string | null;
  /** "breaks above $5.00 in 5 minutes and 4 times the median, for 10 minutes"; null: however fast it is spent. */
  breaker: string | null;
  /** "November", "21 November". */
  period: string;
  /** "1 Dec 00:00 Europe/Berlin". */
  resets: string;
  /** Of the four amounts. */
  measure: Measure;
  limit: bigint;
  spent: bigint;
  held: bigint;
  /** Negative once a charge came out above its hold. */
  available: bigint;
  /** Whole percent of the limit that is spent or held, rounded down: 100 is full. */
  usedPercent: number;
  bar: BarShape;
}

/** In thousandths of the bar's length. */
export interface BarShape {
  spent: number;
  held: number;
  /** Where the limit stands: at the end, or before it when more than the limit is used. */
  limit: number;
}

export function budgetLine(balance: Balance): BudgetLine {
  const { budget, spent, held, periodStartMs, periodEndMs } = balance;
  const { limit, timeZone, scope } = budget;
  const period: Period = { unit: budget.period, startMs: periodStartMs, endMs: periodEndMs };
  return {
    id: budget.id,
    feature: scope.feature ?? null,
    team: scope.team ?? null,
    others: othersIn(scope),
    isPool: budget.isPool === true,
    pool: budget.pool ?? null,
    breaker: budget.velocity === undefined ? null : describeVelocity(budget.velocity),
    period: describePeriod(period, timeZone, { withYear: false }),
    resets: describeReset(period, timeZone),
    measure: budget.measure ?? 'usd',
    limit,
    spent,
    held,
    available: availableIn(balance),
    usedPercent: usedPercent(spent + held, limit),
    bar: barShape(spent, held, limit),
  };
}

function othersIn({ team: _team, feature: _feature, ...others }: BudgetScope): string {
  return Object.keys(others).length === 0 ? '' : describeScope(others);
}

/** The period and reset that most budgets share: said once, so that only the others need to say theirs. */
export interface BudgetCalendar {
  period: string;
  resets: string;
}

export function commonCalendar(lines: readonly BudgetLine[]): BudgetCalendar | null {
  const counts = new Map<string, { calendar: BudgetCalendar; count: number }>();
  for (const { period, resets } of lines) {
    const key = JSON.stringify([period, resets]);
    counts.set(key, { calendar: { period, resets }, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  const [most] = [...counts.values()].sort((left, right) => right.count - left.count);
  return most === undefined || most.count < 2 ? null : most.calendar;
}

/** The whole before its features, the larger limit first, then by id: nothing moves between two looks. */
export function inReadingOrder(left: BudgetLine, right: BudgetLine): number {
  const byFeature = (left.feature ?? '').localeCompare(right.feature ?? '', 'en');
  if (byFeature !== 0) return byFeature;
  if (left.limit !== right.limit) return left.limit > right.limit ? -1 : 1;
  return left.id < right.id ? -1 : 1;
}

function usedPercent(used: bigint, limit: bigint): number {
  if (limit <= 0n) return 100;
  return Number((used * 100n) / limit);
}

function barShape(spent: bigint, held: bigint, limit: bigint): BarShape {
  const used = spent + held;
  const whole = used > limit ? used : limit;
  const spentCells = thousandths(spent, whole);
  return {
    spent: spentCells,
    held: Math.min(thousandths(held, whole), 1000 - spentCells),
    limit: whole === 0n ? 1000 : thousandths(limit, whole),
  };
}

/** The least that the eye finds: a first cent should be seen. */
const HAIRLINE = 3;

function thousandths(amount: bigint, whole: bigint): number {
  if (amount <= 0n || whole <= 0n) return 0;
  return Math.max(HAIRLINE, Number((amount * 1000n) / whole));
}

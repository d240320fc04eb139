import { type StatementLine as SpendLine, type SpendStatement, spendStatement } from '@tallygate/report';
import { type Period, type TallygateError, UNASSIGNED } from '@tallygate/usage';
import {
  type BudgetCalendar,
  type BudgetLine,
  budgetLine,
  commonCalendar,
  inReadingOrder,
} from './budget-lines.ts';
import type { OverviewFacts } from './facts.ts';
import { type Statement, statementOf } from './statement.ts';

/**
 * What the page says, decided: pure, and exact wherever it adds. Σ teams = total; Σ features shown + others = total; the
 * statement's lines end at the bill. `null` where the part that knows did not answer.
 */
export interface Overview {
  organization: string;
  nowMs: number;
  month: Period;
  outages: readonly TallygateError[];
  total: { spentNanoUsd: bigint; calls: number } | null;
  organizationBudgets: readonly BudgetLine[];
  teams: readonly TeamLine[];
  /** Budgets of a feature, whichever team calls it. */
  featureBudgets: readonly BudgetLine[];
  /** What lines about budgets need not repeat; null where no two of them agree. */
  calendar: BudgetCalendar | null;
  /** Nobody has published a budget: known only from a gate that answered. */
  hasNoBudgets: boolean;
  features: readonly FeatureLine[] | null;
  otherFeatures: { count: number; calls: number; spentNanoUsd: bigint } | null;
  denials: number | null;
  /** Budgets that are nearly or wholly used, the fullest first. */
  tight: readonly BudgetLine[];
  /** One for each bill; empty where none was compared yet. */
  statements: readonly Statement[] | null;
  /** For ids of teams. */
  nameOf(team: string): string;
}

export interface TeamLine {
  id: string;
  name: string;
  spentNanoUsd: bigint | null;
  calls: number | null;
  budgets: readonly BudgetLine[];
}

export interface FeatureLine {
  feature: string;
  team: string;
  calls: number;
  spentNanoUsd: bigint;
}

const FEATURES_SHOWN = 8;
const TIGHT_PERCENT = 90;
const TIGHT_SHOWN = 3;

export function overviewOf(facts: OverviewFacts): Overview {
  const { organization, nowMs, month, denials, reconciliations } = facts;
  const budgets = facts.balances.known ? facts.balances.value.map(budgetLine).sort(inReadingOrder) : [];
  const rows = facts.spend.known ? facts.spend.value : null;
  const byTeam = rows && spendStatement(rows, { groupBy: ['team'] });
  const byFeature = rows && spendStatement(rows, { groupBy: ['team', 'feature'] });
  const nameOf = teamNames(facts);
  return {
    organization,
    nowMs,
    month,
    outages: outagesIn(facts),
    total: byTeam && spentOf(byTeam.total),
    organizationBudgets: budgets.filter(({ team, feature }) => team === null && feature === null),
    teams: teamLines(facts, byTeam, budgets, nameOf),
    featureBudgets: budgets.filter(({ team, feature }) => team === null && feature !== null),
    calendar: commonCalendar(budgets),
    hasNoBudgets: facts.balances.known && budgets.length === 0,
    features: byFeature?.lines.slice(0, FEATURES_SHOWN).map(toFeatureLine) ?? null,
    otherFeatures: othersOf(byFeature?.lines.slice(FEATURES_SHOWN) ?? []),
    denials: denials.known ? denials.value : null,
    tight: tightest(budgets),
    statements: reconciliations.known ? reconciliations.value.map(statementOf) : null,
    nameOf,
  };
}

function spentOf(line: SpendLine): { spentNanoUsd: bigint; calls: number } {
  return { spentNanoUsd: line.contractedCostNanoUsd, calls: line.calls };
}

/** One sentence per outage, not one per question: the same part was asked several times. */
function outagesIn(facts: OverviewFacts): TallygateError[] {
  const { configuration, balances, spend, denials, reconciliations } = facts;
  const errors = [configuration, balances, spend, denials, reconciliations].flatMap((answer) =>
    answer.known ? [] : [answer.error],
  );
  return [...new Map(errors.map((error) => [error.message, error])).values()];
}

function teamNames({ configuration }: OverviewFacts): (team: string) => string {
  const teams = configuration.known ? configuration.value.teams : [];
  const names = new Map(teams.map(({ id, name }) => [id, name]));
  return (team) => names.get(team) ?? (team === UNASSIGNED ? 'Unassigned' : team);
}

/** Every team that spent, is listed or has a budget. The dearest first; what nobody claimed stands last. */
function teamLines(
  { configuration }: OverviewFacts,
  byTeam: SpendStatement | null,
  budgets: readonly BudgetLine[],
  nameOf: Overview['nameOf'],
): TeamLine[] {
  const spent = new Map(byTeam?.lines.map((line) => [line.group.team ?? '', spentOf(line)]));
  const listed = configuration.known ? configuration.value.teams.map(({ id }) => id) : [];
  const ids = new Set([...spent.keys(), ...listed, ...budgets.flatMap(({ team }) => team ?? [])]);
  const nothing = byTeam === null ? null : { spentNanoUsd: 0n, calls: 0 };
  const lines = [...ids].map((id) => {
    const line = spent.get(id) ?? nothing;
    return {
      id,
      name: nameOf(id),
      spentNanoUsd: line?.spentNanoUsd ?? null,
      calls: line?.calls ?? null,
      budgets: budgets.filter(({ team }) => team === id),
    };
  });
  return lines.sort(dearestFirst);
}

function dearestFirst(left: TeamLine, right: TeamLine): number {
  const unclaimed = Number(left.id === UNASSIGNED) - Number(right.id === UNASSIGNED);
  if (unclaimed !== 0) return unclaimed;
  const difference = (right.spentNanoUsd ?? 0n) - (left.spentNanoUsd ?? 0n);
  if (difference !== 0n) return difference > 0n ? 1 : -1;
  return left.name.localeCompare(right.name, 'en');
}

function toFeatureLine({ group, calls, contractedCostNanoUsd }: SpendLine): FeatureLine {
  return {
    feature: group.feature ?? '',
    team: group.team ?? '',
    calls,
    spentNanoUsd: contractedCostNanoUsd,
  };
}

function othersOf(lines: readonly SpendLine[]): Overview['otherFeatures'] {
  if (lines.length === 0) return null;
  const { total } = spendStatement(lines, { groupBy: [] });
  return { count: lines.length, ...spentOf(total) };
}

function tightest(budgets: readonly BudgetLine[]): BudgetLine[] {
  return budgets
    .filter(({ usedPercent }) => usedPercent >= TIGHT_PERCENT)
    .sort((left, right) => right.usedPercent - left.usedPercent)
    .slice(0, TIGHT_SHOWN);
}

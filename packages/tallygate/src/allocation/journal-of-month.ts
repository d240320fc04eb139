import {
  type AllocationLine,
  allocationCsv,
  balancedJournal,
  type JournalItem,
  type JournalLine,
} from '@tallygate/report';
import { FINANCE_DEFAULTS, type Finance, isoFromMs, type Team, toWireJson } from '@tallygate/usage';
import { digestOf } from '../digest.ts';
import { rangeOfMonth } from './month.ts';
import type { AllocationRules } from './month-bill.ts';

/** A team that says how it is charged is; one that does not is charged where it has a cost centre. */
export function chargingOf(team: Team | undefined): NonNullable<Team['charging']> {
  return team?.charging ?? ((team?.costCentre ?? null) === null ? 'showback' : 'chargeback');
}

/** Where a team's cost is shown; "" where it has no cost centre. */
export function costCentresOf({ teams, finance = FINANCE_DEFAULTS }: AllocationRules) {
  const known = new Map(teams.map(({ id, costCentre }) => [id, costCentre]));
  return (team: string | null): string =>
    team === null ? finance.unallocatedCostCentre : (known.get(team) ?? '');
}

/** A part of an earlier, closed month that came to light after it was closed. */
export interface Correction {
  month: string;
  team: string | null;
  amountNanoUsd: bigint;
}

/** Who bears a month, and what of closed months it carries. */
export interface PostedMonth {
  month: string;
  lines: readonly AllocationLine[];
  corrections: readonly Correction[];
}

/** What a month moves from the cost centre that paid to those that consumed; corrections as items of their own. */
export function journalOfMonth(
  organization: string,
  posted: PostedMonth,
  rules: AllocationRules,
): JournalLine[] {
  const { month } = posted;
  const finance = rules.finance ?? FINANCE_DEFAULTS;
  const { toMs } = rangeOfMonth(month);
  const head = {
    batchId: `TG-${organization}-${month}`,
    period: month,
    postingDate: isoFromMs(toMs - 1).slice(0, 10),
    entity: finance.entity,
    expenseAccount: finance.expenseAccount,
    clearingAccount: finance.clearingAccount,
    clearingCostCentre: finance.clearingCostCentre,
    sourceHash: digestOf(sourceOf(posted, rules)).sha256,
  };
  return balancedJournal(head, itemsOf(posted, rules, finance));
}

function sourceOf({ lines, corrections }: PostedMonth, rules: AllocationRules): string {
  const carried = corrections.map((correction) => `${toWireJson(correction)}\n`);
  return [allocationCsv(lines, costCentresOf(rules)), ...carried].join('');
}

/** One item per team and month that it is about: who is not charged back stands at the unallocated cost centre, by name. */
function itemsOf(
  { month, lines, corrections }: PostedMonth,
  { teams }: AllocationRules,
  { unallocatedCostCentre }: Finance,
): JournalItem[] {
  const itemOf = (words: string, team: string | null, amountNanoUsd: bigint): JournalItem => {
    const listed = teams.find(({ id }) => id === team);
    const charged = chargingOf(listed) === 'chargeback' ? (listed?.costCentre ?? null) : null;
    const costCentre = charged ?? unallocatedCostCentre;
    const memo = `Claude ${words}${charged === null ? ' (not charged back)' : ''}`;
    return { costCentre, project: team ?? '', memo, amountNanoUsd };
  };
  const byTeam = new Map<string | null, bigint>();
  for (const { team, amountNanoUsd } of lines) byTeam.set(team, (byTeam.get(team) ?? 0n) + amountNanoUsd);
  return [
    ...[...byTeam].map(([team, amountNanoUsd]) => itemOf(month, team, amountNanoUsd)),
    ...corrections.map((one) => itemOf(`${one.month}, correction`, one.team, one.amountNanoUsd)),
  ];
}

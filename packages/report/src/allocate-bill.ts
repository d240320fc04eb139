import { type Finance, type NanoUsd, type SpreadRule, UNASSIGNED } from '@tallygate/usage';
import { apportion, type Share } from './largest-remainder.ts';

/**
 * usage: by what was charged for each call. unmetered: usage of a team's keys that nobody metered. unattributed: usage of no listed
 * team, metered or not. shared: what only the invoice adds or takes.
 */
export type AllocationPart = 'usage' | 'unmetered' | 'unattributed' | 'shared';

export interface AllocationLine {
  /** Null: the cost centre for what nobody is charged. */
  team: string | null;
  /** "" where it is not of one feature. */
  feature: string;
  part: AllocationPart;
  amountNanoUsd: NanoUsd;
  /** amount − exact share. */
  roundingPicoUsd: bigint;
}

export interface BillToAllocate {
  /** Billed for calls that were metered. */
  meteredNanoUsd: NanoUsd;
  /** Billed for usage that was not metered, with the team of its key or workspace. */
  unmetered: readonly { team: string | null; amountNanoUsd: NanoUsd }[];
  /** invoice − report. */
  sharedNanoUsd: NanoUsd;
  /** Ours, by team and feature, in whatever order. */
  charges: readonly { team: string; feature: string; chargedNanoUsd: NanoUsd }[];
  /** All listed teams; "even" means each of them. */
  teams: readonly string[];
  rules: Pick<Finance, 'shared' | 'unattributed'>;
}

/**
 * Who bears a bill. Pure and order-free.
 * Promise: the lines add up to metered + unmetered + shared, to the last nano-USD, whatever the rules.
 */
export function allocateBill(bill: BillToAllocate): AllocationLine[] {
  const direct = [...usageLines(bill), ...unmeteredLines(bill)];
  const owned = direct.filter(({ team }) => team !== null && team !== UNASSIGNED);
  const nobodys = sumOf(direct) - sumOf(owned);
  return [
    ...owned,
    ...spread('unattributed', nobodys, bill.rules.unattributed, owned, bill.teams),
    ...spread('shared', bill.sharedNanoUsd, bill.rules.shared, owned, bill.teams),
  ]
    .filter(({ amountNanoUsd, part }) => amountNanoUsd !== 0n || part === 'usage')
    .sort(byName);
}

/** What was charged says only who made how much of it: contract prices and the provider's own count decide what it cost. */
function usageLines({ meteredNanoUsd, charges }: BillToAllocate): AllocationLine[] {
  const byKey = new Map<string, bigint>();
  for (const { team, feature, chargedNanoUsd } of charges) {
    const key = JSON.stringify([team, feature]);
    byKey.set(key, (byKey.get(key) ?? 0n) + chargedNanoUsd);
  }
  const weights = [...byKey].map(([key, weight]) => ({ key, weight }));
  if (weights.reduce((sum, { weight }) => sum + weight, 0n) === 0n)
    return [{ team: null, feature: '', part: 'usage', amountNanoUsd: meteredNanoUsd, roundingPicoUsd: 0n }];
  return apportion(meteredNanoUsd, weights).map((share) => {
    const [team, feature] = JSON.parse(share.key) as [string, string];
    return { ...lineOf(share, 'usage', team), feature };
  });
}

function unmeteredLines({ unmetered }: BillToAllocate): AllocationLine[] {
  const byTeam = new Map<string | null, bigint>();
  for (const { team, amountNanoUsd } of unmetered) byTeam.set(team, (byTeam.get(team) ?? 0n) + amountNanoUsd);
  return [...byTeam].map(([team, amountNanoUsd]) => ({
    ...{ team, feature: '', part: 'unmetered' as const, amountNanoUsd },
    roundingPicoUsd: 0n,
  }));
}

function spread(
  part: AllocationPart,
  amountNanoUsd: NanoUsd,
  rule: SpreadRule,
  owned: readonly AllocationLine[],
  teams: readonly string[],
): AllocationLine[] {
  if (typeof rule === 'object') return [lineOf(wholeTo(amountNanoUsd), part, rule.team)];
  const weights = rule === 'unallocated' ? [] : weightsOf(rule, owned, teams);
  const isShared = weights.some(({ weight }) => weight > 0n);
  if (!isShared) return [lineOf(wholeTo(amountNanoUsd), part, null)];
  return apportion(amountNanoUsd, weights).map((share) => lineOf(share, part, share.key));
}

/** A team that was credited more than it spent bears nothing of what others share. */
function weightsOf(
  rule: 'proportional' | 'even',
  owned: readonly AllocationLine[],
  teams: readonly string[],
): { key: string; weight: bigint }[] {
  const spent = new Map<string, bigint>();
  for (const { team, amountNanoUsd } of owned)
    if (team !== null) spent.set(team, (spent.get(team) ?? 0n) + amountNanoUsd);
  if (rule === 'even') return [...new Set([...teams, ...spent.keys()])].map((key) => ({ key, weight: 1n }));
  return [...spent].map(([key, amount]) => ({ key, weight: amount > 0n ? amount : 0n }));
}

const wholeTo = (amount: bigint) => ({ amount, roundingThousandths: 0n });

function lineOf(
  { amount, roundingThousandths }: Omit<Share, 'key'>,
  part: AllocationPart,
  team: string | null,
): AllocationLine {
  return { team, feature: '', part, amountNanoUsd: amount, roundingPicoUsd: roundingThousandths };
}

export function sumOf(lines: readonly { amountNanoUsd: NanoUsd }[]): NanoUsd {
  return lines.reduce((sum, { amountNanoUsd }) => sum + amountNanoUsd, 0n);
}

/** By team, nobody last; the largest part of a team's lines is usage, so it comes first. */
function byName(left: AllocationLine, right: AllocationLine): number {
  const keyOf = ({ team, part, feature }: AllocationLine) =>
    JSON.stringify([team === null, team ?? '', part === 'usage' ? '' : part, feature]);
  return keyOf(left) < keyOf(right) ? -1 : 1;
}

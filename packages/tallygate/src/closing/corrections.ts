import { allocateBill } from '@tallygate/report';
import type { SpendHistory } from '@tallygate/usage';
import { type Correction, readMonthBill } from '../allocation/index.ts';
import { type Frozen, readFrozen } from './frozen.ts';
import { closedPeriods, firstOpenFrom, type PeriodRecord } from './period.ts';

/**
 * What has come to light of closed months and is carried by this one, the next that is open after them: their bills as they are
 * now, by the rules they were closed with, less what they were closed at, less what other closed months already carry.
 */
export async function correctionsFor(
  history: SpendHistory,
  organization: string,
  month: string,
  periods: readonly PeriodRecord[],
): Promise<Correction[]> {
  const closed = closedPeriods(periods);
  const carriedHere = [...closed.values()].filter((period) => firstOpenFrom(period.month, closed) === month);
  if (carriedHere.length === 0) return [];
  const frozen = new Map<string, Frozen>();
  for (const { month: other, manifest } of closed.values())
    frozen.set(other, await readFrozen(history, organization, { month: other, number: manifest.statements }));
  const carried = [...frozen.values()].flatMap(({ corrections }) => corrections);
  const corrections: Correction[] = [];
  for (const period of carriedHere) {
    const bill = await readMonthBill(history, organization, period.month, period.manifest.rules);
    const now = byTeam(allocateBill(bill.toAllocate));
    const then = byTeam([
      ...(frozen.get(period.month)?.lines ?? []),
      ...carried.filter((correction) => correction.month === period.month),
    ]);
    for (const team of new Set([...now.keys(), ...then.keys()])) {
      const amountNanoUsd = (now.get(team) ?? 0n) - (then.get(team) ?? 0n);
      if (amountNanoUsd !== 0n) corrections.push({ month: period.month, team, amountNanoUsd });
    }
  }
  return corrections.sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
}

function keyOf({ month, team }: Correction): string {
  return JSON.stringify([month, team === null, team ?? '']);
}

function byTeam(
  lines: readonly { team: string | null; amountNanoUsd: bigint }[],
): Map<string | null, bigint> {
  const sums = new Map<string | null, bigint>();
  for (const { team, amountNanoUsd } of lines) sums.set(team, (sums.get(team) ?? 0n) + amountNanoUsd);
  return sums;
}

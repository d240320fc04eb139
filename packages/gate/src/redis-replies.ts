import type {
  Balance,
  ExtendReply,
  Hold,
  HoldEntry,
  NanoUsd,
  ReserveReply,
  ReserveRequest,
  SettleReply,
  TallygateError,
} from '@tallygate/usage';
import { shownHeld } from './admission.ts';
import { askedIn, type Charge } from './amounts.ts';
import { holdFromRecord, settlementFromRecord } from './attempt-record.ts';
import { type BudgetPeriod, holdEntry, type PinnedPeriod } from './budget-periods.ts';
import { decisiveRefusal, denialFrom, type Refusal, refusalOfTrip } from './denials.ts';
import { measureOf } from './keys.ts';
import { unavailable } from './outages.ts';
import type { ScriptReply } from './redis-connection.ts';
import { outOfRange } from './requests.ts';
import { outcomeOfLive, settlementOf } from './settlements.ts';

/**
 * The one place that gives meaning to reply codes. Those that mean "do something, then ask again" (EPOCH, SEED, PERIOD,
 * PINNED, and CONFIG where it is not an answer) are acted on in `redis-gate.ts` and never get here.
 */

const VALUES_PER_REFUSAL = 6;
const VALUES_PER_BALANCE = 3;

/** @param periods of budgets, and behind them those of their pools, as they were asked for. */
export function reserveReplyFrom(
  reply: ScriptReply,
  organization: string,
  request: ReserveRequest,
  periods: readonly BudgetPeriod[],
): ReserveReply {
  const [first = ''] = reply.values;
  switch (reply.code) {
    case 'HELD': {
      const refusals = refusalsFrom(reply.values.slice(3), periods, request);
      const wouldDeny = refusals.map((refusal) => denialFrom(refusal, request, Number(first)));
      return { kind: 'held', hold: heldBy(reply, organization, request, periods), wouldDeny };
    }
    case 'SPLIT': {
      const hold = holdFromRecord(organization, request.attemptId, reply.values[1] ?? '');
      const refusals = refusalsFrom(reply.values.slice(2), periods, request);
      const wouldDeny = refusals.map((refusal) => denialFrom(refusal, request, Number(first)));
      return { kind: 'held', hold, wouldDeny };
    }
    case 'DUP':
      return { kind: 'held', hold: holdFromRecord(organization, request.attemptId, first), wouldDeny: [] };
    case 'DENY': {
      const decisive = decisiveRefusal(refusalsFrom(reply.values.slice(1), periods, request));
      if (decisive === undefined) throw unknownReply('reserve', reply);
      return { kind: 'denied', denial: denialFrom(decisive, request, Number(first)) };
    }
    case 'CONFIG':
      return { kind: 'outdated', version: Number(first) };
    case 'RANGE':
      throw outOfRange(periods[Number(first) - 1]?.key ?? 'a budget');
    case 'GONE':
      throw unavailable('The reserve arrived after its caller had stopped waiting');
    default:
      throw unknownReply('reserve', reply);
  }
}

function heldBy(
  { values }: ScriptReply,
  organization: string,
  request: ReserveRequest,
  periods: readonly BudgetPeriod[],
): Hold {
  const [instant, bucket, epoch = ''] = values;
  return {
    attemptId: request.attemptId,
    organization,
    epoch,
    budgetInstantMs: Number(instant),
    expiryBucket: Number(bucket),
    entries: wholeEntries(request, periods),
  };
}

function wholeEntries(request: ReserveRequest, periods: readonly BudgetPeriod[]): HoldEntry[] {
  const entries: HoldEntry[] = [];
  for (const period of periods)
    if (period.budget.isPool !== true)
      entries.push(holdEntry(period, askedIn(measureOf(period.key), request)));
  return entries;
}

/** What was to be ended, and how. */
interface Asked {
  organization: string;
  attemptId: string;
  kind: 'settle' | 'release';
  charge: Charge;
  entries: readonly PinnedPeriod[];
}

export function settleReplyFrom({ code, values }: ScriptReply, asked: Asked): SettleReply {
  const { organization, attemptId, kind, charge, entries } = asked;
  const [first = '', instant, seq, settledAt] = values;
  if (code === 'DUP')
    return { outcome: 'duplicate', settlement: settlementFromRecord(organization, attemptId, first) };
  if (code === 'RANGE') throw outOfRange(entries[Number(first) - 1]?.key ?? 'a budget');
  const outcome = code === 'OK' ? outcomeOfLive(kind) : OUTCOMES[code];
  if (outcome === undefined) throw unknownReply(kind, { code, values });
  const ending = {
    kind,
    seq: Number(seq),
    budgetInstantMs: Number(instant),
    settledAtMs: Number(settledAt),
    charge,
    entries,
  };
  return { outcome, settlement: settlementOf({ attemptId, organization, epoch: first }, ending) };
}

const OUTCOMES: Partial<Record<string, SettleReply['outcome']>> = {
  LATE: 'late',
  REOPEN: 'reopened',
  ORPHAN: 'orphan',
  AGAIN: 'duplicate',
};

export function extendReplyFrom(reply: ScriptReply, organization: string, attemptId: string): ExtendReply {
  const [record = ''] = reply.values;
  if (reply.code === 'ENDED') return { kind: 'ended' };
  if (reply.code !== 'OK') throw unknownReply('extend', reply);
  return { kind: 'extended', hold: holdFromRecord(organization, attemptId, record) };
}

export function balancesFrom(reply: ScriptReply, periods: readonly BudgetPeriod[]): Balance[] {
  if (reply.code !== 'OK' || reply.values.length !== periods.length * VALUES_PER_BALANCE) {
    throw unknownReply('balances', reply);
  }
  return periods.map(({ budget, periodStartMs, periodEndMs }, index) => {
    const [spent, expected, worst] = amountsAt(reply.values, index * VALUES_PER_BALANCE);
    return {
      budget,
      periodStartMs,
      periodEndMs,
      spent,
      held: shownHeld({ expected, worst }),
    };
  });
}

/** @throws always: a code that no script of this version has. */
export function unknownReply(script: string, reply: ScriptReply): TallygateError {
  return unavailable(`The script "${script}" answered ${reply.code}, which this version does not know`);
}

function refusalsFrom(
  values: readonly string[],
  periods: readonly BudgetPeriod[],
  request: ReserveRequest,
): Refusal[] {
  const refusals: Refusal[] = [];
  for (let at = 0; at < values.length; at += VALUES_PER_REFUSAL) {
    const place = Number(values[at]);
    const period = periods[Math.abs(place) - 1];
    if (period === undefined) throw unavailable(`A refusal names budget ${values[at]} of ${periods.length}`);
    const [first, second, third, fourth] = values.slice(at + 1, at + 5).map(BigInt);
    if (first === undefined || second === undefined || third === undefined || fourth === undefined)
      throw unavailable(`A refusal of ${period.key} is not whole`);
    const retryAtMs = Number(values[at + 5]);
    if (place < 0) {
      const trip = {
        threshold: first,
        spent: second,
        median: third,
        atMs: Number(fourth),
        untilMs: retryAtMs,
      };
      refusals.push(refusalOfTrip(period, trip, request.worstNanoUsd));
      continue;
    }
    const amounts = { limit: first, spent: second, held: third, needed: fourth };
    const last = refusals.at(-1);
    // What a pool did not have stands behind the budget that lacked it.
    if (period.budget.isPool === true && last !== undefined)
      last.pool = { budgetId: period.budget.id, ...amounts };
    else refusals.push({ period, ...amounts, retryAtMs });
  }
  return refusals;
}

function amountsAt(values: readonly string[], at: number): [NanoUsd, NanoUsd, NanoUsd] {
  return [BigInt(values[at] ?? ''), BigInt(values[at + 1] ?? ''), BigInt(values[at + 2] ?? '')];
}

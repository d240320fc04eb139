import type {
  Balance,
  ExtendReply,
  NanoUsd,
  ReserveReply,
  ReserveRequest,
  SettleReply,
  TallygateError,
} from '@tallygate/usage';
import { heldNanoUsd } from './admission.ts';
import { holdFromRecord, settlementFromRecord } from './attempt-record.ts';
import type { BudgetPeriod } from './budget-periods.ts';
import { decisiveRefusal, denialFrom, type Refusal } from './denials.ts';
import { unavailable } from './outages.ts';
import type { ScriptReply } from './redis-connection.ts';
import { outOfRange } from './requests.ts';
import { outcomeOfLive } from './settlements.ts';

/**
 * The one place that gives meaning to reply codes. Those that mean "do something, then ask again" (EPOCH, SEED, PERIOD,
 * PINNED, and CONFIG where it is not an answer) are acted on in `redis-gate.ts` and never get here.
 */

const VALUES_PER_REFUSAL = 5;
const VALUES_PER_BALANCE = 3;

export function reserveReplyFrom(
  reply: ScriptReply,
  organization: string,
  request: ReserveRequest,
  periods: readonly BudgetPeriod[],
): ReserveReply {
  const [first = '', record = ''] = reply.values;
  switch (reply.code) {
    case 'HELD': {
      const refusals = refusalsFrom(reply.values.slice(2), periods);
      const wouldDeny = refusals.map((refusal) => denialFrom(refusal, request, Number(first)));
      return { kind: 'held', hold: holdFromRecord(organization, request.attemptId, record), wouldDeny };
    }
    case 'DUP':
      return { kind: 'held', hold: holdFromRecord(organization, request.attemptId, first), wouldDeny: [] };
    case 'DENY': {
      const [refusal, ...others] = refusalsFrom(reply.values.slice(1), periods);
      if (refusal === undefined) throw unknownReply('reserve', reply);
      return {
        kind: 'denied',
        denial: denialFrom(decisiveRefusal([refusal, ...others]), request, Number(first)),
      };
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

export function settleReplyFrom(
  reply: ScriptReply,
  organization: string,
  attemptId: string,
  kind: 'settle' | 'release',
  keys: readonly string[],
): SettleReply {
  const outcomes: Partial<Record<string, SettleReply['outcome']>> = {
    OK: outcomeOfLive(kind),
    LATE: 'late',
    REOPEN: 'reopened',
    ORPHAN: 'orphan',
    DUP: 'duplicate',
  };
  const [first = ''] = reply.values;
  if (reply.code === 'RANGE') throw outOfRange(keys[Number(first) - 1] ?? 'a budget');
  const outcome = outcomes[reply.code];
  if (outcome === undefined) throw unknownReply(kind, reply);
  return { outcome, settlement: settlementFromRecord(organization, attemptId, first) };
}

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
      spentNanoUsd: spent,
      heldNanoUsd: heldNanoUsd({ expectedNanoUsd: expected, worstNanoUsd: worst }),
    };
  });
}

/** @throws always: a code that no script of this version has. */
export function unknownReply(script: string, reply: ScriptReply): TallygateError {
  return unavailable(`The script "${script}" answered ${reply.code}, which this version does not know`);
}

function refusalsFrom(values: readonly string[], periods: readonly BudgetPeriod[]): Refusal[] {
  const refusals: Refusal[] = [];
  for (let at = 0; at < values.length; at += VALUES_PER_REFUSAL) {
    const period = periods[Number(values[at]) - 1];
    if (period === undefined) throw unavailable(`A refusal names budget ${values[at]} of ${periods.length}`);
    const [spentNanoUsd, held, neededNanoUsd] = amountsAt(values, at + 1);
    refusals.push({
      period,
      spentNanoUsd,
      heldNanoUsd: held,
      neededNanoUsd,
      retryAtMs: Number(values[at + 4]),
    });
  }
  return refusals;
}

function amountsAt(values: readonly string[], at: number): [NanoUsd, NanoUsd, NanoUsd] {
  return [BigInt(values[at] ?? ''), BigInt(values[at + 1] ?? ''), BigInt(values[at + 2] ?? '')];
}

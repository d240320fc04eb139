/** Makes the settlements that a crash or a long outage of the gate left undone. */
import type { Hold, Settlement, UsageEvent } from '@tallygate/usage';
import { type FactRecord, type OutcomeRecord, readSegment } from './read-segment.ts';
import { endsHold } from './record.ts';

export interface UnsettledOutcome {
  event: UsageEvent;
  hold: Hold;
}

/** Settles each and returns what the gate answered; rejects when the gate does not answer. Idempotent by attempt id. */
export type Recover = (outcomes: UnsettledOutcome[]) => Promise<Settlement[]>;

/** Settled in portions: a gate that fails half-way has then lost one portion, not all. */
const RECOVER_AT_ONCE = 500;

export function* portions(outcomes: UnsettledOutcome[]): Generator<UnsettledOutcome[]> {
  for (let start = 0; start < outcomes.length; start += RECOVER_AT_ONCE) {
    yield outcomes.slice(start, start + RECOVER_AT_ONCE);
  }
}

/** Finds outcomes without a settlement among records given in the order of their writing. Memory: the unsettled ones only. */
export function createPairing(): { see(record: FactRecord): void; unsettled(): UnsettledOutcome[] } {
  const open = new Map<string, UnsettledOutcome>();
  const settledFirst = new Set<string>();
  return {
    see(record) {
      if (record.kind === 'settlement' && endsHold(record.settlement)) {
        if (!open.delete(record.settlement.attemptId)) settledFirst.add(record.settlement.attemptId);
      }
      if (record.kind === 'outcome' && record.hold !== null && !settledFirst.delete(record.event.eventId)) {
        open.set(record.event.eventId, { event: record.event, hold: record.hold });
      }
    },
    unsettled: () => [...open.values()],
  };
}

/** The named outcomes out of one segment. */
export async function outcomesIn(path: string, ids: ReadonlySet<string>): Promise<UnsettledOutcome[]> {
  const { records } = await readSegment(path);
  return records
    .filter((record): record is OutcomeRecord => record.kind === 'outcome' && ids.has(record.event.eventId))
    .flatMap(({ event, hold }) => (hold === null ? [] : [{ event, hold }]));
}

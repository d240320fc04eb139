/** Every outcome of a dead process gets its settlement: made by the gate, written as one more segment of the same spool. */
import type { Clock, Logger, Settlement } from '@tallygate/usage';
import { writeLateSegment } from './late-segment.ts';
import { readSegment } from './read-segment.ts';
import { createPairing, portions, type Recover, type UnsettledOutcome } from './recover.ts';
import { listSegments, segmentPath } from './segment-file.ts';

interface Home {
  spoolId: string;
  directory: string;
}

export async function settleLeftovers(
  home: Home,
  recover: Recover | undefined,
  clock: Clock,
  logger: Logger,
): Promise<{ recovered: number; unsettled: number }> {
  const outcomes = await unsettledIn(home);
  let recovered = 0;
  if (recover === undefined) return { recovered, unsettled: outcomes.length };
  for (const portion of portions(outcomes)) {
    try {
      await writeSettlements(home, await recover(portion), clock);
      recovered += portion.length;
    } catch (error) {
      logger.warn('outcomes stay unsettled', { spoolId: home.spoolId, reason: String(error) });
      break;
    }
  }
  return { recovered, unsettled: outcomes.length - recovered };
}

async function unsettledIn(home: Home): Promise<UnsettledOutcome[]> {
  const pairing = createPairing();
  for (const { number, state } of await listSegments(home.directory)) {
    const { records } = await readSegment(segmentPath(home.directory, number, state));
    records.forEach(pairing.see);
  }
  return pairing.unsettled();
}

/** A crash before the seal makes the next adopter ask the gate again, which answers with the same settlements. */
function writeSettlements(home: Home, settlements: Settlement[], clock: Clock): Promise<void> {
  const facts = settlements.map((settlement) => ({ kind: 'settlement' as const, settlement }));
  return writeLateSegment(home, facts, clock);
}

/** Every outcome of a dead process gets its settlement: made by the gate, written as one more segment of the same spool. */
import { randomInt } from 'node:crypto';
import type { Clock, Logger, Settlement } from '@tallygate/usage';
import { readSegment } from './read-segment.ts';
import { encodeRecord } from './record.ts';
import { createPairing, portions, type Recover, type UnsettledOutcome } from './recover.ts';
import { listSegments, segmentPath } from './segment-file.ts';
import { createSegmentWriter } from './segment-writer.ts';

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
async function writeSettlements(home: Home, settlements: Settlement[], clock: Clock): Promise<void> {
  if (settlements.length === 0) return;
  // Not the next number: it may have been used, shipped and deleted, and its token would swallow these rows.
  const number = randomInt(10 ** 9, 2 ** 47);
  const writer = createSegmentWriter(home.directory, home.spoolId, number, clock);
  for (const settlement of settlements) writer.append(encodeRecord({ kind: 'settlement', settlement }));
  await writer.seal();
}

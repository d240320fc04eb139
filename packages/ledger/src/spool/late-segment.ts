/** Facts that somebody else than the owner adds to a spool, as one more segment of it. */
import { randomInt } from 'node:crypto';
import type { Clock } from '@tallygate/usage';
import type { FactRecord } from './read-segment.ts';
import { encodeRecord } from './record.ts';
import { createSegmentWriter } from './segment-writer.ts';

/** A crash before the seal leaves a part, which the next adopter completes: whoever makes these facts must make them again alike. */
export async function writeLateSegment(
  home: { spoolId: string; directory: string },
  facts: readonly FactRecord[],
  clock: Clock,
): Promise<void> {
  if (facts.length === 0) return;
  // Not the next number: it may have been used, shipped and deleted, and its token would swallow these rows.
  const number = randomInt(10 ** 9, 2 ** 47);
  const writer = createSegmentWriter(home, number, { clock });
  for (const fact of facts) writer.append(encodeRecord(fact));
  await writer.sync();
  await writer.finish();
}

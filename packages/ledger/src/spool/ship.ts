/** One sealed file to the destination, and what became of it. Used by the owner of a spool and by whoever adopts one. */
import { type Logger, type SegmentDestination, TallygateError } from '@tallygate/usage';
import { type ReadSegment, readSegment, sealedSegment } from './read-segment.ts';
import { moveSegment, segmentPath, segmentToken } from './segment-file.ts';

/** stored: now `.done`. unavailable: still `.ready`, try again. refused: now `.refused`, trying again would not help. */
export interface Shipment {
  result: 'stored' | 'unavailable' | 'refused';
  records: number;
}

/** The same bytes under the same token at every try: that is all there is to "exactly once". */
export async function shipSegment(
  home: { spoolId: string; directory: string },
  number: number,
  destination: SegmentDestination,
  logger: Logger,
): Promise<Shipment> {
  const token = segmentToken(home.spoolId, number);
  const segment = await readSegment(segmentPath(home.directory, number, 'ready'));
  const records = segment.records.length;
  try {
    if (records > 0) await destination.store(sealedSegment(token, segment.records));
  } catch (error) {
    if (mayPass(error)) {
      logger.warn('segment not stored, it waits in the spool', { token, records, reason: describe(error) });
      return { result: 'unavailable', records };
    }
    logger.error('segment refused, kept on disk', { token, records, reason: describe(error) });
    await moveSegment(home.directory, number, 'ready', 'refused');
    return { result: 'refused', records };
  }
  warnOfDamage(segment, token, logger);
  await moveSegment(home.directory, number, 'ready', 'done');
  return { result: 'stored', records };
}

/** Only a definite "these rows are wrong" ends the tries; an error that nobody knows is an outage. */
function mayPass(error: unknown): boolean {
  return !(TallygateError.isInstance(error) && error.code === 'TALLYGATE_REQUEST_INVALID');
}

function warnOfDamage(segment: ReadSegment, token: string, logger: Logger): void {
  if (segment.damage.length > 0) logger.error('segment has damage', { token, ranges: segment.damage.length });
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

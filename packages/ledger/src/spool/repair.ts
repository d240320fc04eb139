/** Brings the files of a dead process into a state that can be shipped. May be repeated after any crash of its own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Logger } from '@tallygate/usage';
import type { ByteRange } from './frame.ts';
import { readSegment } from './read-segment.ts';
import {
  isMissing,
  listSegments,
  moveSegment,
  type SegmentFile,
  segmentPath,
  segmentToken,
  syncDirectory,
} from './segment-file.ts';

/** Bytes that nobody can read are kept here, beside the spools, for a person to look at. */
export const QUARANTINE = 'quarantine';

/** As long as the owner would have kept a stored segment: younger ones are sent once more, which their token makes harmless. */
const TAIL_MS = 600_000;

interface Home {
  spoolId: string;
  directory: string;
}

export interface RepairReport {
  tornTails: number;
  quarantined: number;
  /** Files that were left as they are: on a bad sector, in a newer format, or with damage that nothing has room for. */
  unreadable: Set<number>;
}

export async function repairSegments(
  home: Home,
  root: string,
  clock: Clock,
  logger: Logger,
): Promise<RepairReport> {
  const report: RepairReport = { tornTails: 0, quarantined: 0, unreadable: new Set() };
  for (const file of await listSegments(home.directory)) {
    try {
      await repairSegment({ home, root, clock, logger }, file, report);
    } catch (error) {
      if (isMissing(error)) throw error;
      const token = segmentToken(home.spoolId, file.number);
      logger.error('segment file cannot be repaired, it stays on disk', { token, reason: String(error) });
      report.unreadable.add(file.number);
    }
  }
  await syncDirectory(home.directory);
  return report;
}

async function repairSegment(
  { home, root, clock, logger }: { home: Home; root: string; clock: Clock; logger: Logger },
  { number, state }: SegmentFile,
  report: RepairReport,
): Promise<void> {
  if (state === 'open' && (await cutTornTail(home, number, logger))) report.tornTails += 1;
  if (state === 'done' && (await isOld(home, number, clock))) return;
  if (state !== 'ready') await moveSegment(home.directory, number, state, 'ready');
  report.quarantined += await quarantine(home, root, number, logger);
}

/** Only the last write of a killed process can be torn, and it was never acknowledged: cutting it loses nothing. */
async function cutTornTail(home: Home, number: number, logger: Logger): Promise<boolean> {
  const path = segmentPath(home.directory, number, 'open');
  const { bytes, damage } = await readSegment(path);
  const tail = damage.find((range) => range.end === bytes.length);
  if (tail === undefined) return false;
  await truncate(path, tail.start);
  const token = segmentToken(home.spoolId, number);
  logger.warn('torn tail cut off', { token, bytes: tail.end - tail.start });
  return true;
}

async function isOld(home: Home, number: number, clock: Clock): Promise<boolean> {
  const { mtimeMs } = await stat(segmentPath(home.directory, number, 'done'));
  return clock.nowMs() - mtimeMs > TAIL_MS;
}

async function quarantine(home: Home, root: string, number: number, logger: Logger): Promise<number> {
  const { bytes, damage } = await readSegment(segmentPath(home.directory, number, 'ready'));
  for (const range of damage) setAside(home, root, number, bytes, range);
  if (damage.length > 0) {
    const token = segmentToken(home.spoolId, number);
    logger.error('damaged bytes set aside', { token, ranges: damage.length });
  }
  return damage.length;
}

/** Named by its place, so that a repeated repair writes the same file again and not another one. */
function setAside(home: Home, root: string, number: number, bytes: Buffer, range: ByteRange): void {
  const folder = join(root, QUARANTINE);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const name = `${segmentToken(home.spoolId, number).replace('/', '-')}-${range.start}.bin`;
  writeFileSync(join(folder, name), bytes.subarray(range.start, range.end));
}

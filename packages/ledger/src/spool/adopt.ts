/**
 * Takes over what dead processes left in the spool: repairs files, settles what they could not, ships, cleans up. One call is
 * one pass; what cannot be done now is left unowned for the next one. Nothing found on disk can make it fail.
 */
import { rename, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type Logger, type SegmentDestination, silentLogger } from '@tallygate/usage';
import { hostLabel, OWNER_FILE, type OwnerIsAlive, ownerIsAlive, readOwner, writeOwner } from './owner.ts';
import type { Recover } from './recover.ts';
import { recoverIntents, type UnknownOutcomes } from './recover-intents.ts';
import { repairSegments } from './repair.ts';
import { isMissing, listSegments, segmentPath } from './segment-file.ts';
import { settleLeftovers } from './settle-leftovers.ts';
import { type Shipment, shipSegment } from './ship.ts';
import { CLAIM, spoolIdOf, spoolNames } from './spool-names.ts';

export interface AdoptOptions {
  /** The root of all spools: `directory` of `openSpool`. */
  root: string;
  /** null: repair and settle only. */
  destination: SegmentDestination | null;
  clock: Clock;
  logger?: Logger;
  /** Settles outcomes without a settlement. Without it such segments stay on disk. */
  recover?: Recover;
  /** Makes the rows of calls that were in flight. Without it a directory that has some stays on disk. */
  unknownOutcomes?: UnknownOutcomes;
  /** Default: by process table on the same machine, by five minutes of silence elsewhere. */
  isAlive?: OwnerIsAlive;
}

export interface AdoptionReport {
  /** Directories taken over in this pass. */
  adopted: number;
  /** `.open` files whose last, unacknowledged frame was cut off. */
  tornTails: number;
  /** Damaged ranges set aside under `<root>/quarantine`. */
  quarantined: number;
  /** Rows `unknown` made for calls that were in flight. */
  unknown: number;
  /** Settlements made for outcomes that had none. */
  recovered: number;
  /** Outcomes that still have none, calls in flight that still have no row, files that cannot be read. */
  unsettled: number;
  /** Records shipped. */
  stored: number;
  /** Segments that wait for the next pass. */
  waiting: number;
}

export function nothingAdopted(): AdoptionReport {
  const ofFiles = { adopted: 0, tornTails: 0, quarantined: 0 };
  return { ...ofFiles, unknown: 0, recovered: 0, unsettled: 0, stored: 0, waiting: 0 };
}

export async function adoptSpools(options: AdoptOptions): Promise<AdoptionReport> {
  const { root, clock, logger = silentLogger, isAlive = ownerIsAlive } = options;
  const report = nothingAdopted();
  let { destination } = options;
  for (const name of await spoolNames(root)) {
    try {
      const owner = readOwner(join(root, name));
      if (owner !== null && isAlive(owner, clock.nowMs())) continue;
      const home = await claim(root, name, clock);
      report.adopted += 1;
      const reachable = await workOff(home, { ...options, destination, logger }, report);
      // One store, one answer: the other directories need not wait for it to fail again.
      if (!reachable) destination = null;
    } catch (error) {
      // Two adopters may meet: the one whose rename came second finds nothing any more, and has lost nothing.
      if (isMissing(error)) logger.debug('spool was taken by another process', { name });
      else logger.error('spool cannot be adopted, it stays on disk', { name, reason: String(error) });
    }
  }
  if (report.adopted > 0) logger.info('spools adopted', { ...report });
  return report;
}

interface AdoptedHome {
  spoolId: string;
  directory: string;
}

let claims = 0;

/** The rename is the claim: one of two adopters gets it. The spool's id, and with it every token, stays the first owner's. */
async function claim(root: string, name: string, clock: Clock): Promise<AdoptedHome> {
  const spoolId = spoolIdOf(name);
  claims += 1;
  const directory = join(root, `${spoolId}${CLAIM}${hostLabel()}-${process.pid}-${claims}`);
  await rename(join(root, name), directory);
  writeOwner(directory, clock);
  return { spoolId, directory };
}

async function workOff(
  home: AdoptedHome,
  options: AdoptOptions & { logger: Logger },
  report: AdoptionReport,
): Promise<boolean> {
  try {
    const repaired = await repairSegments(home, options.root, options.clock, options.logger);
    report.tornTails += repaired.tornTails;
    report.quarantined += repaired.quarantined;
    // What cannot be read may be the outcome or the settlement that seems to be missing: nothing is made up in its place.
    const { unreadable } = repaired;
    const undone = unreadable.size > 0 ? unreadable.size : await makeMissing(home, options, report);
    report.unsettled += undone;
    const shipped = await shipAll(home, unreadable, options);
    report.stored += shipped.stored;
    report.waiting += await leave(home, undone === 0);
    return shipped.reachable;
  } catch (error) {
    await abandon(home);
    throw error;
  }
}

/** @returns how many outcomes and settlements are missing still. */
async function makeMissing(
  home: AdoptedHome,
  { recover, unknownOutcomes, clock, logger }: AdoptOptions & { logger: Logger },
  report: AdoptionReport,
): Promise<number> {
  // First: these outcomes have holds, too.
  const calls = await recoverIntents(home, unknownOutcomes, clock, logger);
  report.unknown += calls.made;
  const settled = await settleLeftovers(home, recover, clock, logger);
  report.recovered += settled.recovered;
  return settled.unsettled + calls.open;
}

async function shipAll(
  home: AdoptedHome,
  unreadable: ReadonlySet<number>,
  { destination, ...parts }: AdoptOptions & { logger: Logger },
): Promise<{ stored: number; reachable: boolean }> {
  let stored = 0;
  if (destination === null) return { stored, reachable: false };
  for (const { number, state } of await listSegments(home.directory)) {
    if (state !== 'ready' || unreadable.has(number)) continue;
    const shipment = await shipReadable(home, number, destination, parts);
    if (shipment?.result === 'unavailable') return { stored, reachable: false };
    stored += shipment === null ? 0 : shipment.records - shipment.dead;
  }
  return { stored, reachable: true };
}

/** Null for a file at fault, or a disk without room for its dead letters: it stays, and keeps none of the others waiting. */
async function shipReadable(
  home: AdoptedHome,
  number: number,
  destination: SegmentDestination,
  parts: { clock: Clock; logger: Logger },
): Promise<Shipment | null> {
  try {
    return await shipSegment(home, number, destination, parts);
  } catch (error) {
    if (isMissing(error)) throw error;
    parts.logger.error('segment file cannot be shipped', {
      ...{ spoolId: home.spoolId, segment: number },
      reason: String(error),
    });
    return null;
  }
}

/** @returns how many segments remain. Stored ones go only when every outcome in the directory is settled. */
async function leave(home: AdoptedHome, allSettled: boolean): Promise<number> {
  const files = await listSegments(home.directory);
  const waiting = files.filter((file) => file.state !== 'done');
  if (waiting.length === 0 && allSettled) {
    await rm(home.directory, { recursive: true, force: true });
    return 0;
  }
  if (allSettled) {
    for (const file of files) {
      if (file.state === 'done') await unlink(segmentPath(home.directory, file.number, 'done'));
    }
  }
  await abandon(home);
  return waiting.length;
}

async function abandon(home: AdoptedHome): Promise<void> {
  await unlink(join(home.directory, OWNER_FILE)).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}

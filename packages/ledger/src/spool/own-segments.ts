/**
 * The segments of this process: the one that is written, those that wait to be sealed.
 * It also notices when the directory was adopted by somebody else (this process stood still for too long), and moves on with a
 * new one: what had not been sealed is written there again, since copies are harmless and gaps are not.
 */
import { type Clock, type Logger, TallygateError } from '@tallygate/usage';
import type { FileDurability } from './append-file.ts';
import type { DiskBound } from './disk-bound.ts';
import { type Dropped, dropped, holdInMemory } from './held-facts.ts';
import { createHome, type SpoolHome } from './home.ts';
import { createIntents, type Intents } from './intents.ts';
import { HEARTBEAT_MS, touchOwner } from './owner.ts';
import type { FactRecord } from './read-segment.ts';
import { encodeRecord, endsHold } from './record.ts';
import { factsIn, type SealedSummary, sealSegment } from './seal-segment.ts';
import { isMissing } from './segment-file.ts';
import { createSegmentWriter, type SegmentWriter } from './segment-writer.ts';
import { spoolFailure } from './spool-failure.ts';
import { createUnsettled, type Unsettled } from './unsettled.ts';

export interface OwnSegmentsOptions {
  root: string;
  ownerId: string | undefined;
  clock: Clock;
  logger: Logger;
  sealRows: number;
  sealBytes: number;
  sealAfterMs: number;
  durability: FileDurability;
  bound: DiskBound;
  /** Called when a segment has become due for sealing. */
  onDue: () => void;
}

export interface OwnSegments {
  options: OwnSegmentsOptions;
  bound: DiskBound;
  /** Recorded, and not on the disk because it does not take them. */
  held: FactRecord[];
  dropped: Dropped;
  home: SpoolHome;
  unsettled: Unsettled;
  intents: Intents;
  lastNumber: number;
  writer: SegmentWriter | null;
  sealTimer: NodeJS.Timeout | undefined;
  unsealed: SegmentWriter[];
  sealing: Promise<void> | null;
  ready: SealedSummary[];
  done: (SealedSummary & { sinceMs: number })[];
  /** Records that the store refused or whose segments vanished: not stored, and not waiting to be sent. */
  setAsideRecords: number;
  lastBeatMs: number;
}

/** @throws TallygateError `TALLYGATE_SPOOL_FAILED` */
export function createOwnSegments(options: OwnSegmentsOptions): OwnSegments {
  const { bound } = options;
  const nothing = { outcomes: 0, denials: 0, costNanoUsd: 0n, saved: 0 };
  return {
    options,
    bound,
    held: [],
    dropped: nothing,
    ...emptyHome(options),
    sealTimer: undefined,
    sealing: null,
  };
}

type OfHome = Omit<OwnSegments, 'options' | 'bound' | 'held' | 'dropped' | 'sealTimer' | 'sealing'>;

function emptyHome(options: OwnSegmentsOptions): OfHome {
  const home = createHome(options.root, options.ownerId, options.clock);
  return {
    home,
    intents: createIntents(home.directory),
    unsettled: createUnsettled(),
    lastNumber: 0,
    writer: null,
    unsealed: [],
    ready: [],
    done: [],
    setAsideRecords: 0,
    lastBeatMs: options.clock.monotonicMs(),
  };
}

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID`, `TALLYGATE_SPOOL_FAILED`: then nothing was recorded. */
export function recordFact(own: OwnSegments, fact: FactRecord): void {
  const frame = encodeRecord(fact);
  if (dropped(own, fact)) {
    endFact(own, fact);
    return;
  }
  const nowMs = own.options.clock.monotonicMs();
  try {
    // Stopped for longer than heartbeats are apart: somebody may have declared this process dead.
    if (nowMs - own.lastBeatMs > 2 * HEARTBEAT_MS) beat(own);
    appendHere(own, fact, frame, nowMs);
  } catch (error) {
    if (!TallygateError.isInstance(error) || error.code !== 'TALLYGATE_SPOOL_FAILED') throw error;
    holdInMemory(own, fact, error);
  }
}

/** What the disk did not take before. @returns whether it has all of it now. */
export function appendHeld(own: OwnSegments): boolean {
  const nowMs = own.options.clock.monotonicMs();
  try {
    for (let fact = own.held[0]; fact !== undefined; fact = own.held[0]) {
      appendHere(own, fact, encodeRecord(fact), nowMs);
      own.held.shift();
    }
    return true;
  } catch {
    return false;
  }
}

/** Or in the new directory, when no file can be made in this one because somebody has adopted it. */
function appendHere(own: OwnSegments, fact: FactRecord, frame: Buffer, nowMs: number): void {
  try {
    append(own, fact, frame, nowMs);
  } catch (error) {
    if (!TallygateError.isInstance(error) || !isMissing(error.cause) || !beat(own)) throw error;
    append(own, fact, frame, nowMs);
  }
}

function append(own: OwnSegments, fact: FactRecord, frame: Buffer, nowMs: number): void {
  const writer = openWriter(own);
  writer.append(frame);
  own.bound.appended(frame.length);
  if (fact.kind === 'outcome' && fact.hold !== null) {
    own.unsettled.add(fact.event.eventId, writer.number, nowMs);
  }
  endFact(own, fact);
  if (writer.records >= own.options.sealRows || writer.bytes >= own.options.sealBytes) rotate(own);
}

/** What is open no longer, now that this is recorded. */
function endFact(own: OwnSegments, fact: FactRecord): void {
  if (fact.kind === 'outcome') endIntent(own, fact.event.eventId);
  if (fact.kind === 'settlement' && endsHold(fact.settlement))
    own.unsettled.delete(fact.settlement.attemptId);
}

/** The outcome is recorded: whatever becomes of its intent, recovery finds it and looks no further. */
function endIntent(own: OwnSegments, attemptId: string): void {
  try {
    own.intents.end(attemptId);
  } catch (error) {
    own.options.logger.warn('call in flight cannot be struck out', { attemptId, reason: String(error) });
  }
}

function openWriter(own: OwnSegments): SegmentWriter {
  if (own.writer !== null) return own.writer;
  own.lastNumber += 1;
  own.writer = createSegmentWriter(own.home, own.lastNumber, own.options);
  own.sealTimer = setTimeout(() => rotate(own), own.options.sealAfterMs).unref();
  return own.writer;
}

/** Ends the segment that is written; the next record begins a new one. */
export function rotate(own: OwnSegments): void {
  clearTimeout(own.sealTimer);
  if (own.writer === null) return;
  own.unsealed.push(own.writer);
  own.writer = null;
  own.options.onDue();
}

/** Seals what is due, one caller at a time. What cannot be sealed now is tried again next time. */
export async function sealDue(own: OwnSegments): Promise<void> {
  own.sealing ??= sealEach(own).finally(() => {
    own.sealing = null;
  });
  await own.sealing;
}

async function sealEach(own: OwnSegments): Promise<void> {
  const { logger } = own.options;
  for (let writer = own.unsealed[0]; writer !== undefined; writer = own.unsealed[0]) {
    const where = { spoolId: own.home.spoolId, segment: writer.number };
    try {
      const summary = await sealSegment(own, writer);
      own.unsealed = own.unsealed.filter((other) => other !== writer);
      own.ready.push(summary);
    } catch (error) {
      if (isMissing(error) && beat(own)) continue;
      logger.error('segment cannot be sealed', { ...where, reason: String(error) });
      return;
    }
  }
}

/** Says that this process lives. @returns true when the directory had been adopted and a new one has taken its place. */
export function beat(own: OwnSegments): boolean {
  const { clock, logger } = own.options;
  own.lastBeatMs = clock.monotonicMs();
  try {
    touchOwner(own.home.directory, clock);
    return false;
  } catch (error) {
    if (isMissing(error)) return moveOut(own);
    logger.warn('spool heartbeat failed', { spoolId: own.home.spoolId, reason: String(error) });
    return false;
  }
}

/**
 * What the old directory holds without a settlement is from now on its adopter's to settle. Calls in flight may have got a row
 * `unknown` there: their outcome has the same identity, and takes its place.
 */
function moveOut(own: OwnSegments): true {
  const left = own.writer === null ? own.unsealed : [...own.unsealed, own.writer];
  own.options.logger.warn('spool was adopted by another process, going on in a new one', {
    spoolId: own.home.spoolId,
  });
  // Until there is a new one every record asks again: nothing may be added to files that somebody else is reading.
  own.lastBeatMs = Number.NEGATIVE_INFINITY;
  const { intents } = own;
  const next = emptyHome(own.options);
  clearTimeout(own.sealTimer);
  Object.assign(own, next);
  moveIntents(own, intents);
  for (const writer of left) {
    for (const fact of factsIn(writer)) recordFact(own, fact);
    writer.release();
  }
  return true;
}

function moveIntents(own: OwnSegments, from: Intents): void {
  try {
    for (const intent of from.underWay()) own.intents.begin(intent);
  } catch (error) {
    own.options.logger.warn('calls in flight cannot be written down again', { reason: String(error) });
  }
  from.release();
}

/** Resolves when all that was recorded is as safe as the level of durability promises. */
export async function persisted(own: OwnSegments): Promise<void> {
  if (!appendHeld(own)) throw spoolFailure('Usage waits in memory', 'the disk does not take it');
  const writers = [...own.unsealed, ...(own.writer === null ? [] : [own.writer])];
  await Promise.all(writers.map((writer) => writer.persisted()));
}

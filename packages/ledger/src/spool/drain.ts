/** Ships the segments of this process, in order, one at a time, until the store has them. */
import { rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { FlushReport, SegmentDestination } from '@tallygate/usage';
import { saveDropped } from './held-facts.ts';
import {
  appendHeld,
  beat,
  createOwnSegments,
  type OwnSegments,
  type OwnSegmentsOptions,
  recordFact,
  rotate,
  sealDue,
} from './own-segments.ts';
import { OWNER_FILE } from './owner.ts';
import { sealedSegment } from './read-segment.ts';
import { outcomesIn, portions, type Recover } from './recover.ts';
import { retryDelayMs } from './retry-delay.ts';
import type { SealedSummary } from './seal-segment.ts';
import { isMissing, listSegments, segmentPath, segmentToken } from './segment-file.ts';
import { markStored, pendingRecords, setAside, sweepStored, waitingRecords } from './sent-segments.ts';
import { shipSegment } from './ship.ts';
import { SETTLE_GRACE_MS } from './spool-parts.ts';

export interface SpoolDrainOptions extends Omit<OwnSegmentsOptions, 'onDue'> {
  destination: SegmentDestination | null;
  recover: Recover | undefined;
}

export interface SpoolDrain {
  options: SpoolDrainOptions;
  own: OwnSegments;
  /** The last job of the queue: two must never ship the same file. */
  turn: Promise<void>;
  retryTimer: NodeJS.Timeout | null;
  failures: number;
  storedRecords: number;
  settling: Promise<void> | null;
  left: boolean;
}

export function createSpoolDrain(options: SpoolDrainOptions): SpoolDrain {
  const own = createOwnSegments({ ...options, onDue: () => void inTurn(drain, sealAndShip) });
  const drain: SpoolDrain = {
    options,
    own,
    turn: Promise.resolve(),
    retryTimer: null,
    failures: 0,
    storedRecords: 0,
    settling: null,
    left: false,
  };
  return drain;
}

/** Resolves when all that was recorded before is stored, or when one try since then has failed. */
export async function flush(drain: SpoolDrain): Promise<FlushReport> {
  const before = drain.storedRecords;
  rotate(drain.own);
  await inTurn(drain, async () => {
    stopRetrying(drain);
    await sealAndShip(drain);
  });
  return { stored: drain.storedRecords - before, pending: pendingRecords(drain.own) };
}

/** Flushes, tries once more to settle what is unsettled, and flushes that. */
export async function settleAndFlush(drain: SpoolDrain): Promise<void> {
  await flush(drain);
  if (drain.own.unsettled.size === 0) return;
  await settleOverdue(drain, 0);
  await flush(drain);
}

/** Heartbeat, whatever could not be done before, and settlements that are overdue. Runs in a timer: never throws. */
export function keepUp(drain: SpoolDrain): void {
  void inTurn(drain, async () => {
    beat(drain.own);
    await sealAndShip(drain);
  });
  void settleOverdue(drain, SETTLE_GRACE_MS);
}

/** Ends the work. An empty directory is removed, any other one is left for whoever drains next. */
export async function leave(drain: SpoolDrain): Promise<void> {
  const { own } = drain;
  rotate(own);
  drain.left = true;
  stopRetrying(drain);
  const [pending, unsettled] = [waitingRecords(own), own.unsettled.size];
  const inFlight = own.intents.size;
  own.intents.release();
  const lost = own.held.length;
  if (lost > 0) own.options.logger.error('usage is lost: neither disk nor ledger took it', { records: lost });
  if (pending + unsettled + inFlight === 0) return rm(own.home.directory, { recursive: true, force: true });
  own.options.logger.warn('spool closed with records left on disk', {
    spoolId: own.home.spoolId,
    pending,
    unsettled,
    inFlight,
  });
  await sealDue(own);
  // Without an owner anybody may adopt it, even while this process lives on.
  await unlink(join(own.home.directory, OWNER_FILE)).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}

/** Jobs never reject: a failure is logged, and the next heartbeat tries again. */
function inTurn(drain: SpoolDrain, job: (drain: SpoolDrain) => Promise<void>): Promise<void> {
  drain.turn = drain.turn.then(async () => {
    if (drain.left) return;
    try {
      await job(drain);
    } catch (error) {
      const { logger } = drain.options;
      // After leaving, an answer that comes late finds its file adopted: that is no failure.
      if (!drain.left)
        logger.error('spool cannot be drained', { spoolId: drain.own.home.spoolId, reason: String(error) });
    }
  });
  return drain.turn;
}

async function sealAndShip(drain: SpoolDrain): Promise<void> {
  if (drain.own.held.length > 0) await placeHeld(drain);
  await sealDue(drain.own);
  if (drain.retryTimer === null && drain.options.destination !== null)
    await ship(drain, drain.options.destination);
  await sweepStored(drain.own);
  saveDropped(drain.own);
}

/** What the disk did not take goes to the disk or, while that is still full, to the ledger; a copy in both counts once. */
async function placeHeld({ own, options }: SpoolDrain): Promise<void> {
  if (appendHeld(own)) return rotate(own);
  const facts = [...own.held];
  own.lastNumber += 1;
  const token = segmentToken(own.home.spoolId, own.lastNumber);
  try {
    await options.destination?.store(sealedSegment(token, facts));
  } catch (error) {
    const records = facts.length;
    return options.logger.warn('usage waits in memory', { records, reason: String(error) });
  }
  // Those that came meanwhile stand behind them.
  if (options.destination !== null) own.held = own.held.slice(facts.length);
}

/** Until nothing is ready, or until the store fails. A file at fault keeps none of those behind it waiting. */
async function ship(drain: SpoolDrain, destination: SegmentDestination): Promise<void> {
  const atFault = new Set<SealedSummary>();
  const nextReady = () => drain.own.ready.find((segment) => !atFault.has(segment));
  for (let next = nextReady(); next !== undefined && !drain.left; next = nextReady()) {
    const result = await shipped(drain, next.number, destination);
    if (result === 'unavailable') return retryLater(drain);
    if (result === 'at fault') atFault.add(next);
  }
  if (atFault.size > 0) return retryLater(drain);
  drain.failures = 0;
}

/** `at fault`: the file, or the disk beside it. As with `unavailable`, it must be tried again later. */
async function shipped(
  drain: SpoolDrain,
  number: number,
  destination: SegmentDestination,
): Promise<'stored' | 'gone' | 'unavailable' | 'at fault'> {
  const { own, options } = drain;
  try {
    const { result, records, dead } = await shipSegment(own.home, number, destination, options);
    if (result === 'unavailable') return result;
    markStored(own, number, dead);
    drain.storedRecords += records - dead;
    return 'stored';
  } catch (error) {
    const where = { spoolId: own.home.spoolId, segment: number, reason: String(error) };
    if (isMissing(error) && beat(own)) return 'gone';
    options.logger.error('segment file cannot be shipped', where);
    if (!isMissing(error)) return 'at fault';
    setAside(own, number);
    return 'gone';
  }
}

function retryLater(drain: SpoolDrain): void {
  drain.failures += 1;
  const delayMs = retryDelayMs(drain.failures, Math.random());
  drain.retryTimer = setTimeout(() => {
    drain.retryTimer = null;
    void inTurn(drain, sealAndShip);
  }, delayMs).unref();
}

function stopRetrying(drain: SpoolDrain): void {
  if (drain.retryTimer !== null) clearTimeout(drain.retryTimer);
  drain.retryTimer = null;
}

async function settleOverdue(drain: SpoolDrain, graceMs: number): Promise<void> {
  const { recover, clock, logger } = drain.options;
  if (recover === undefined || drain.own.unsettled.size === 0) return;
  drain.settling ??= settleOwn(drain.own, recover, clock.monotonicMs() - graceMs)
    .catch((error: unknown) => logger.warn('outcomes stay unsettled', { reason: String(error) }))
    .finally(() => {
      drain.settling = null;
    });
  await drain.settling;
}

async function settleOwn(own: OwnSegments, recover: Recover, beforeMs: number): Promise<void> {
  const overdue = own.unsettled.recordedBefore(beforeMs);
  if (overdue.size === 0) return;
  const { directory } = own.home;
  const states = new Map((await listSegments(directory)).map((file) => [file.number, file.state]));
  for (const [number, ids] of overdue) {
    const state = states.get(number);
    if (state === undefined) continue;
    for (const portion of portions(await outcomesIn(segmentPath(directory, number, state), ids))) {
      for (const settlement of await recover(portion)) recordFact(own, { kind: 'settlement', settlement });
    }
  }
}

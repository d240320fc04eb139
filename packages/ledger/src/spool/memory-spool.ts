/**
 * The spool without a disk, for processes that have none to write on. What is not in the ledger yet dies with the process; all
 * else is as on a disk: one segment, one token, tries without end, and a bound.
 */
import { randomBytes } from 'node:crypto';
import { type FlushReport, type SealedSegment, TallygateError } from '@tallygate/usage';
import { nothingAdopted } from './adopt.ts';
import { isRefusal, storeDivided } from './divide.ts';
import { addFact, bytesIn, isFull, type MemorySegments, sealOpen, waitingIn } from './memory-segments.ts';
import { HEARTBEAT_MS, hostLabel } from './owner.ts';
import type { FactRecord } from './read-segment.ts';
import { portions } from './recover.ts';
import { retryDelayMs } from './retry-delay.ts';
import type { Spool } from './spool.ts';
import { recordedTooLate, SETTLE_GRACE_MS, type SpoolParts, withinDeadline } from './spool-parts.ts';

interface MemoryDrain {
  own: MemorySegments;
  /** The last job of the queue: two must never ship the same segment. */
  turn: Promise<void>;
  timer: NodeJS.Timeout | undefined;
  failures: number;
  stored: number;
  closed: boolean;
}

export function openMemorySpool(parts: SpoolParts): Spool {
  const spoolId = `${parts.ownerId ?? `${hostLabel()}-${process.pid}`}-${randomBytes(8).toString('hex')}`;
  const own = {
    parts,
    spoolId,
    lastNumber: 0,
    open: [],
    openBytes: 0,
    ready: [],
    unsettled: new Map(),
    lost: 0,
  };
  const drain: MemoryDrain = {
    own,
    turn: Promise.resolve(),
    timer: undefined,
    failures: 0,
    stored: 0,
    closed: false,
  };
  const upkeep = setInterval(() => void settleOverdue(drain, SETTLE_GRACE_MS), HEARTBEAT_MS).unref();
  return spoolOver(drain, upkeep);
}

function spoolOver(drain: MemoryDrain, upkeep: NodeJS.Timeout): Spool {
  const { own } = drain;
  const inFlight = new Set<string>();
  let recordedEvents = 0;
  let closing: Promise<void> | null = null;
  return {
    spoolId: own.spoolId,
    directory: '',
    refusal: () => refusalOf(own),
    recordIntent: ({ attemptId }) => void inFlight.add(attemptId),
    recordOutcome(event, hold) {
      record(drain, { kind: 'outcome', event, hold });
      inFlight.delete(event.eventId);
      recordedEvents += 1;
    },
    recordSettlement: (settlement) => record(drain, { kind: 'settlement', settlement }),
    recordDenial: (denial) => record(drain, { kind: 'denial', denial }),
    persisted: async () => {},
    flush: () => flush(drain),
    adopt: async () => nothingAdopted(),
    close(withinMs: number = own.parts.drainMs) {
      clearInterval(upkeep);
      closing ??= close(drain, withinMs);
      return closing;
    },
    get recordedEvents() {
      return recordedEvents;
    },
    get pendingRecords() {
      return waitingIn(own) + own.lost;
    },
    get unsettledOutcomes() {
      return own.unsettled.size;
    },
    get callsInFlight() {
      return inFlight.size;
    },
  };
}

function record(drain: MemoryDrain, fact: FactRecord): void {
  if (drain.closed) throw recordedTooLate();
  if (addFact(drain.own, fact)) void sealAndShip(drain);
  else shipAfter(drain, drain.own.parts.sealAfterMs);
}

function shipAfter(drain: MemoryDrain, delayMs: number): void {
  drain.timer ??= setTimeout(() => void sealAndShip(drain), delayMs).unref();
}

/** Never rejects: what failed is tried again. */
function sealAndShip(drain: MemoryDrain): Promise<void> {
  const { own } = drain;
  clearTimeout(drain.timer);
  drain.timer = undefined;
  sealOpen(own);
  drain.turn = drain.turn.then(async () => {
    try {
      await ship(drain);
      drain.failures = 0;
    } catch (error) {
      drain.failures += 1;
      own.parts.logger.warn('segment not stored, it waits in memory', {
        spoolId: own.spoolId,
        reason: String(error),
      });
      if (!drain.closed) shipAfter(drain, retryDelayMs(drain.failures, Math.random()));
    }
  });
  return drain.turn;
}

async function ship(drain: MemoryDrain): Promise<void> {
  const { own } = drain;
  for (let next = own.ready[0]; next !== undefined; next = own.ready[0]) {
    const refused = await store(own, next.segment);
    own.ready = own.ready.filter((item) => item !== next);
    own.lost += refused;
    drain.stored += next.records - refused;
  }
}

/** @returns how many of its facts the ledger will never take. */
async function store({ parts }: MemorySegments, segment: SealedSegment): Promise<number> {
  const { destination, logger } = parts;
  if (destination === null) return 0;
  try {
    await destination.store(segment);
    return 0;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const refused = await storeDivided(segment, destination);
    logger.error('facts refused by the ledger are lost', { token: segment.token, ...refused[0] });
    return refused.reduce((sum, { start, end }) => sum + end - start, 0);
  }
}

async function flush(drain: MemoryDrain): Promise<FlushReport> {
  const before = drain.stored;
  await sealAndShip(drain);
  return { stored: drain.stored - before, pending: waitingIn(drain.own) + drain.own.lost };
}

/** Never rejects. */
async function settleOverdue(drain: MemoryDrain, graceMs: number): Promise<void> {
  const { unsettled, parts } = drain.own;
  const beforeMs = parts.clock.monotonicMs() - graceMs;
  const overdue = [...unsettled.values()].filter(({ sinceMs }) => sinceMs <= beforeMs);
  try {
    for (const portion of portions(overdue)) {
      const settlements = (await parts.recover?.(portion)) ?? [];
      for (const settlement of settlements) record(drain, { kind: 'settlement', settlement });
    }
  } catch (error) {
    parts.logger.warn('outcomes stay unsettled', { reason: String(error) });
  }
}

async function close(drain: MemoryDrain, withinMs: number): Promise<void> {
  const { own } = drain;
  await withinDeadline(withinMs, async () => {
    await flush(drain);
    await settleOverdue(drain, 0);
    await flush(drain);
  });
  drain.closed = true;
  clearTimeout(drain.timer);
  const left = waitingIn(own);
  if (left > 0) own.parts.logger.error('usage is lost: closed before the ledger took it', { records: left });
}

function refusalOf(own: MemorySegments): TallygateError | null {
  if (own.parts.full !== 'deny-calls' || !isFull(own)) return null;
  return new TallygateError('TALLYGATE_SPOOL_FULL', {
    message: `The spool in memory holds ${bytesIn(own)} bytes of at most ${own.parts.maxBytes} that the ledger has not taken.`,
  });
}

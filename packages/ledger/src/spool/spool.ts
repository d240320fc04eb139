/**
 * Where recorded usage is safe. `record…` is one write into this process's own file and returns when the operating system has
 * it: `kill -9` a moment later loses nothing. Everything else (sealing, shipping, retries) happens behind it and blocks nobody.
 * Nothing is ever dropped: what cannot be shipped stays on disk, and the next process that drains takes it over.
 */
import {
  type CallIntent,
  type Clock,
  type Logger,
  type SegmentDestination,
  silentLogger,
  TallygateError,
  type UsageSink,
} from '@tallygate/usage';
import type { AdoptionReport } from './adopt.ts';
import { type Adopter, createAdopter } from './adopter.ts';
import { createSpoolDrain, flush, keepUp, leave, type SpoolDrain, settleAndFlush } from './drain.ts';
import { pendingRecords, recordFact } from './own-segments.ts';
import { HEARTBEAT_MS } from './owner.ts';
import type { FactRecord } from './read-segment.ts';
import type { Recover } from './recover.ts';
import type { UnknownOutcomes } from './recover-intents.ts';

export interface SpoolOptions {
  /** The root of all spools, such as `<data>/spool`; this process makes a directory of its own in it. */
  directory: string;
  /** Begins the directory's name. Default `<host>-<pid>`; a random part always follows. */
  ownerId?: string;
  /** null: only spool. Some other process with a destination drains it after this one has ended. */
  destination: SegmentDestination | null;
  clock: Clock;
  logger?: Logger;
  /** A segment is sealed at this many records, … */
  sealRows?: number;
  /** … or at this many bytes, … */
  sealBytes?: number;
  /** … or this long after its first record. The timer keeps no process alive. */
  sealAfterMs?: number;
  /**
   * Settles outcomes whose settlement never came: those of dead processes, and this one's own once the meter has given up.
   * Must be idempotent by attempt id. Without it nothing is adopted and unsettled outcomes wait on disk.
   */
  recover?: Recover;
  /** Makes the rows of calls that a dead process had in flight. Without it they wait on disk. */
  unknownOutcomes?: UnknownOutcomes;
  /** How long `close` may take to drain. What is left then stays on disk. */
  drainMs?: number;
}

export type Spool = UsageSink & {
  recordIntent(intent: CallIntent): void;
  readonly spoolId: string;
  /** This process's own directory. */
  readonly directory: string;
  /** Outcomes recorded since it was opened. */
  readonly recordedEvents: number;
  /** Records that are not in the store yet. */
  readonly pendingRecords: number;
  /** Outcomes with a hold whose settlement has not been recorded. */
  readonly unsettledOutcomes: number;
  /** Calls that were sent and whose outcome has not been recorded. */
  readonly callsInFlight: number;
  /** Takes over and ships what dead processes left. Where `recover` is given this happens by itself, now and then. */
  adopt(): Promise<AdoptionReport>;
};

const SEAL_ROWS = 5_000;
const SEAL_BYTES = 1_048_576;
const SEAL_AFTER_MS = 2_000;
const DRAIN_MS = 5_000;

/** @throws TallygateError `TALLYGATE_SPOOL_FAILED` when the directory cannot be made or written. */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { directory, destination, clock, recover, unknownOutcomes, logger = silentLogger } = options;
  const drain = createSpoolDrain({
    root: directory,
    ownerId: options.ownerId,
    destination,
    clock,
    logger,
    recover,
    sealRows: options.sealRows ?? SEAL_ROWS,
    sealBytes: options.sealBytes ?? SEAL_BYTES,
    sealAfterMs: options.sealAfterMs ?? SEAL_AFTER_MS,
  });
  const adopter = createAdopter({
    ...{ root: directory, destination, clock, logger },
    ...(recover && { recover }),
    ...(unknownOutcomes && { unknownOutcomes }),
  });
  if (destination === null) {
    logger.info('no ledger here: usage is kept in the spool', { directory: drain.own.home.directory });
  } else if (recover !== undefined) adopter.start();
  return spoolOver(drain, adopter, options.drainMs ?? DRAIN_MS);
}

function spoolOver(drain: SpoolDrain, adopter: Adopter, drainMs: number): Spool {
  const upkeep = setInterval(() => keepUp(drain), HEARTBEAT_MS).unref();
  let recordedEvents = 0;
  let closing: Promise<void> | null = null;
  const record = (fact: FactRecord): void => {
    if (closing !== null) throw recordedTooLate();
    recordFact(drain.own, fact);
  };
  return {
    recordOutcome(event, hold) {
      record({ kind: 'outcome', event, hold });
      recordedEvents += 1;
    },
    recordIntent(intent) {
      if (closing !== null) throw recordedTooLate();
      drain.own.intents.begin(intent);
    },
    recordSettlement: (settlement) => record({ kind: 'settlement', settlement }),
    recordDenial: (denial) => record({ kind: 'denial', denial }),
    flush: () => flush(drain),
    close() {
      clearInterval(upkeep);
      closing ??= closed(drain, adopter, drainMs);
      return closing;
    },
    adopt: () => adopter.now(),
    get spoolId() {
      return drain.own.home.spoolId;
    },
    get directory() {
      return drain.own.home.directory;
    },
    get recordedEvents() {
      return recordedEvents;
    },
    get pendingRecords() {
      return pendingRecords(drain.own);
    },
    get callsInFlight() {
      return drain.own.intents.size;
    },
    get unsettledOutcomes() {
      return drain.own.unsettled.size;
    },
  };
}

/** A store or a gate that hangs must not keep the application from ending. */
async function closed(drain: SpoolDrain, adopter: Adopter, drainMs: number): Promise<void> {
  let deadline: NodeJS.Timeout | undefined;
  const expired = new Promise<void>((resolve) => {
    deadline = setTimeout(resolve, drainMs);
  });
  await Promise.race([Promise.all([settleAndFlush(drain), adopter.stop()]), expired]);
  clearTimeout(deadline);
  await leave(drain);
}

function recordedTooLate(): TallygateError {
  return new TallygateError('TALLYGATE_SPOOL_FAILED', {
    message: 'Usage was recorded after the spool had been closed.',
    cure: 'Close the spool last, after every call has ended.',
  });
}

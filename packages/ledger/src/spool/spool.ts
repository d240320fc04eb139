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
  type TallygateError,
  type UsageSink,
} from '@tallygate/usage';
import type { AdoptionReport } from './adopt.ts';
import { type Adopter, createAdopter } from './adopter.ts';
import type { FileDurability } from './append-file.ts';
import { createDiskBound, type FullPolicy } from './disk-bound.ts';
import { createSpoolDrain, flush, keepUp, leave, type SpoolDrain, settleAndFlush } from './drain.ts';
import { openMemorySpool } from './memory-spool.ts';
import { persisted, recordFact } from './own-segments.ts';
import { HEARTBEAT_MS } from './owner.ts';
import type { FactRecord } from './read-segment.ts';
import type { Recover } from './recover.ts';
import type { UnknownOutcomes } from './recover-intents.ts';
import { pendingRecords } from './sent-segments.ts';
import { recordedTooLate, type SpoolParts, withinDeadline } from './spool-parts.ts';

/** How safe a record is when `record…` has returned, or for `group` and `fsync` when `persisted` has resolved. */
export type Durability = 'memory' | FileDurability;

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
  /** Default `os`. What each may lose stands in the README. */
  durability?: Durability;
  /** What all spools of the root may take together; in memory, this one. Default 1 GiB, in memory 64 MiB. */
  maxBytes?: number;
  /** What happens then. Default `deny-calls`. */
  full?: FullPolicy;
  /** How long `close` may take to drain where it is not told. What is left then stays on disk. */
  drainMs?: number;
}

export type Spool = UsageSink & {
  close(withinMs?: number): Promise<void>;
  recordIntent(intent: CallIntent): void;
  refusal(): TallygateError | null;
  readonly spoolId: string;
  /** This process's own directory; empty where it keeps all in memory. */
  readonly directory: string;
  /** Outcomes recorded since it was opened. */
  readonly recordedEvents: number;
  /** Records that are not in the store yet. */
  readonly pendingRecords: number;
  /** Outcomes with a hold whose settlement has not been recorded. */
  readonly unsettledOutcomes: number;
  /** Calls that were sent and whose outcome has not been recorded. */
  readonly callsInFlight: number;
  /** Resolves when all that was recorded before is as safe as its durability promises. @throws what the disk said. */
  persisted(): Promise<void>;
  /** Takes over and ships what dead processes left. Where `recover` is given this happens by itself, now and then. */
  adopt(): Promise<AdoptionReport>;
};

const SEAL_ROWS = 5_000;
const SEAL_BYTES = 4 * 1_048_576;
const SEAL_AFTER_MS = 2_000;
const DRAIN_MS = 5_000;
const DISK_BYTES = 1_073_741_824;
const MEMORY_BYTES = 67_108_864;

/** @throws TallygateError `TALLYGATE_SPOOL_FAILED` when the directory cannot be made or written. */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { durability = 'os' } = options;
  return durability === 'memory'
    ? openMemorySpool(partsOf(options, MEMORY_BYTES))
    : openDiskSpool(partsOf(options, DISK_BYTES), durability);
}

function partsOf(options: SpoolOptions, maxBytes: number): SpoolParts {
  return {
    ...options,
    ownerId: options.ownerId,
    logger: options.logger ?? silentLogger,
    sealRows: options.sealRows ?? SEAL_ROWS,
    sealBytes: options.sealBytes ?? SEAL_BYTES,
    sealAfterMs: options.sealAfterMs ?? SEAL_AFTER_MS,
    maxBytes: options.maxBytes ?? maxBytes,
    full: options.full ?? 'deny-calls',
    recover: options.recover,
    unknownOutcomes: options.unknownOutcomes,
    drainMs: options.drainMs ?? DRAIN_MS,
  };
}

async function openDiskSpool(parts: SpoolParts, durability: FileDurability): Promise<Spool> {
  const { directory: root, destination, recover, unknownOutcomes, clock, logger } = parts;
  const bound = createDiskBound({ root, maxBytes: parts.maxBytes, full: parts.full, logger });
  const drain = createSpoolDrain({ ...parts, root, durability, bound });
  await bound.look();
  const adopter = createAdopter({
    ...{ root, destination, clock, logger },
    ...(recover && { recover }),
    ...(unknownOutcomes && { unknownOutcomes }),
  });
  if (destination === null) {
    logger.info('no ledger here: usage is kept in the spool', { directory: drain.own.home.directory });
  } else if (recover !== undefined) adopter.start();
  return spoolOver(drain, adopter, parts.drainMs);
}

function spoolOver(drain: SpoolDrain, adopter: Adopter, drainMs: number): Spool {
  const upkeep = setInterval(() => keepUp(drain), HEARTBEAT_MS).unref();
  const { own } = drain;
  let recordedEvents = 0;
  let closing: Promise<void> | null = null;
  const record = (fact: FactRecord): void => {
    if (closing !== null) throw recordedTooLate();
    recordFact(own, fact);
  };
  return {
    refusal: () => own.bound.refusal(own.held.length > 0),
    recordIntent(intent) {
      if (closing !== null) throw recordedTooLate();
      own.intents.begin(intent);
    },
    recordOutcome(event, hold) {
      record({ kind: 'outcome', event, hold });
      recordedEvents += 1;
    },
    recordSettlement: (settlement) => record({ kind: 'settlement', settlement }),
    recordDenial: (denial) => record({ kind: 'denial', denial }),
    persisted: () => persisted(own),
    flush: () => flush(drain),
    close(withinMs: number = drainMs) {
      clearInterval(upkeep);
      closing ??= closed(drain, adopter, withinMs);
      return closing;
    },
    adopt: () => adopter.now(),
    get spoolId() {
      return own.home.spoolId;
    },
    get directory() {
      return own.home.directory;
    },
    get recordedEvents() {
      return recordedEvents;
    },
    get pendingRecords() {
      return pendingRecords(own);
    },
    get callsInFlight() {
      return own.intents.size;
    },
    get unsettledOutcomes() {
      return own.unsettled.size;
    },
  };
}

async function closed(drain: SpoolDrain, adopter: Adopter, withinMs: number): Promise<void> {
  await withinDeadline(withinMs, () => Promise.all([settleAndFlush(drain), adopter.stop()]));
  await leave(drain);
}

import { existsSync } from 'node:fs';
import { openUsageStore, type UsageStore } from '@tallygate/ledger';
import {
  type BatchFacts,
  type BatchOwners,
  type Clock,
  ERRORS,
  type Logger,
  type SegmentDestination,
  type SpendHistory,
  TallygateError,
} from '@tallygate/usage';
import type { ResolvedConfig } from '../configuration/resolved.ts';
import { historyThrough } from './forwarding.ts';

/** The ledger as a process has it: `history` is null where the embedded engine is not installed, and rows wait in the spool. */
export interface LedgerAccess {
  destination: SegmentDestination;
  history: SpendHistory | null;
  ledgerWork: LedgerWork;
  /** Null where `history` is. */
  batchFacts: BatchFacts | null;
  close(): Promise<void>;
}

/** What only the process does that has the ledger: it moves rows of years, which do not travel through another. */
export type LedgerWork = Pick<UsageStore, 'exportDays' | 'rebuild'>;

/** What others are told of a ledger: whose batch it is, is answered where the ledger is. */
export type ServedLedger = Omit<LedgerAccess, 'batchFacts' | 'close'> & { batchOwners: BatchOwners };

type LedgerSettings = Pick<ResolvedConfig, 'clickhouseInserts' | 'ledgerMemoryMb' | 'retention'>;

interface LedgerParts {
  clock: Clock;
  logger: Logger;
}

const bounded = ({ ledgerMemoryMb }: LedgerSettings) =>
  ledgerMemoryMb === null ? {} : { memoryMb: ledgerMemoryMb };
const kept = ({ retention }: LedgerSettings) => (retention === null ? {} : { retention });

/** A dead owner's engine lets go of its files a moment after the pid is gone. */
const RELEASE_PATIENCE_MS = 5_000;
const RELEASE_PAUSE_MS = 50;

/**
 * Opens the ledger in the data directory. Only the owner may. Where it was never opened and there is no engine, it is left out.
 *
 * @throws TallygateError `TALLYGATE_ENGINE_MISSING` when there is a ledger and no engine: what was spent cannot be told, and a
 * gate that began at zero would let it be spent again. `TALLYGATE_DIRECTORY_OWNED` when the engine's own lock says that another process has it all the same.
 */
export async function openEmbeddedLedger(
  directory: string,
  settings: LedgerSettings,
  { clock, logger }: LedgerParts,
): Promise<LedgerAccess> {
  const deadlineMs = clock.monotonicMs() + RELEASE_PATIENCE_MS;
  for (;;) {
    try {
      const store = await openUsageStore(
        { kind: 'embedded', directory, ...bounded(settings) },
        { clock, logger, ...kept(settings) },
      );
      const { batchFacts, close } = store;
      return { destination: store, history: store, ledgerWork: store, batchFacts, close };
    } catch (error) {
      if (hasCode(error, 'TALLYGATE_ENGINE_MISSING') && !existsSync(directory)) return withoutEngine(logger);
      if (!hasCode(error, 'TALLYGATE_DIRECTORY_OWNED') || clock.monotonicMs() > deadlineMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, RELEASE_PAUSE_MS));
    }
  }
}

/**
 * The ledger on a server. One that does not answer at the start is no reason not to start: an application needs no ledger to
 * gate, its rows wait in the spool, and every later call tries again.
 *
 * @throws TallygateError for what waiting cannot cure: a URL that is none, tables of a newer version.
 */
export async function openServerLedger(
  url: string,
  settings: LedgerSettings,
  { clock, logger }: LedgerParts,
): Promise<LedgerAccess> {
  let opening: Promise<UsageStore> | null = null;
  const store = () => {
    const address = { kind: 'server', url, inserts: settings.clickhouseInserts } as const;
    opening ??= openUsageStore(address, { clock, logger, ...kept(settings) }).catch((error: unknown) => {
      opening = null;
      throw error;
    });
    return opening;
  };
  await store().catch((error: unknown) => {
    const mayPass = ['TALLYGATE_LEDGER_UNAVAILABLE', 'TALLYGATE_LEDGER_EXHAUSTED'] as const;
    if (!mayPass.some((code) => hasCode(error, code))) throw error;
    logger.warn('The ledger does not answer yet; usage waits in the spool.', { cause: String(error) });
  });
  return {
    destination: { store: async (segment) => (await store()).store(segment) },
    history: historyThrough(async (question) => question(await store())),
    ledgerWork: {
      exportDays: async (order) => (await store()).exportDays(order),
      rebuild: async (order) => (await store()).rebuild(order),
    },
    batchFacts: {
      append: async (key, fact) => (await store()).batchFacts.append(key, fact),
      read: async (key) => (await store()).batchFacts.read(key),
      unendedHolds: async (...asked) => (await store()).batchFacts.unendedHolds(...asked),
    },
    close: async () => (await opening?.catch(() => null))?.close(),
  };
}

/** Gate and spool work without an engine; what is recorded waits on disk. Said once per process, not per segment. */
function withoutEngine(logger: Logger): LedgerAccess {
  logger.warn('The embedded engine is not installed: usage is recorded and waits in the spool.', {
    cure: ERRORS.TALLYGATE_ENGINE_MISSING.cure,
  });
  return {
    destination: { store: engineMissing },
    history: null,
    ledgerWork: { exportDays: engineMissing, rebuild: engineMissing },
    batchFacts: null,
    close: async () => {},
  };
}

/** The ledger is another process's: neither files nor rollups are written from here. */
export const workElsewhere: LedgerWork = { exportDays: ledgerElsewhere, rebuild: ledgerElsewhere };

async function ledgerElsewhere(): Promise<never> {
  throw new TallygateError('TALLYGATE_DIRECTORY_OWNED', {
    message: 'The ledger is kept by another process, and only the one that keeps it does this work.',
    cure: 'Run this on the machine that has the ledger, while the process that keeps it is stopped.',
  });
}

/** For those who ask an owner that has no engine: nothing is lost, and an empty answer would be a lie. */
export const historyWithoutEngine: SpendHistory = historyThrough(engineMissing);

async function engineMissing(): Promise<never> {
  throw new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', {
    message: 'The process that owns the data directory has no embedded engine.',
    cure: ERRORS.TALLYGATE_ENGINE_MISSING.cure,
  });
}

function hasCode(error: unknown, code: TallygateError['code']): boolean {
  return TallygateError.isInstance(error) && error.code === code;
}

import { setTimeout as pause } from 'node:timers/promises';
import { createMemoryGate } from '@tallygate/gate';
import type { RemoteBackend } from '@tallygate/remote';
import type { BudgetGate, Clock, Hold, Logger, SegmentDestination, SpendHistory } from '@tallygate/usage';
import { announcedOf } from '../alerts/announced.ts';
import type { OpenBatchOwners } from '../batches/open-batch-owners.ts';
import { newestConfiguration, saveConfigurationFile } from './configuration-file.ts';
import { type DataDirectory, ensureToken } from './data-directory.ts';
import { gateThrough } from './forwarding.ts';
import { historyWithoutEngine, type LedgerAccess, type ServedLedger } from './ledger-access.ts';
import type { OwnerLock } from './owner-lock.ts';
import { type OwnerServer, serveOwner } from './owner-server.ts';
import type { Seat } from './seat.ts';

export interface OwnerOptions {
  directory: DataDirectory;
  organization: string;
  clock: Clock;
  logger: Logger;
  openLedger(): Promise<LedgerAccess>;
  /** A gate that other machines share, opened after this seat; null: this process keeps the budgets itself. */
  sharedGate: Promise<BudgetGate> | null;
  openBatchOwners(ledger: LedgerAccess): OpenBatchOwners;
  /** What the spools of all processes hold that the ledger does not: counted, or it could be spent again. */
  waitingTotals(ledger: LedgerAccess): Promise<WaitingSoFar>;
  /** Likewise the holds of calls under way. */
  unendedHolds(): Promise<readonly Hold[]>;
}

/** Sums of settlements, and the highest number among them. */
export type SettledSoFar = Awaited<ReturnType<SpendHistory['settledTotals']>>;

export interface WaitingSoFar extends SettledSoFar {
  /** The attempts that they ended. */
  endedIds: ReadonlySet<string>;
}

/**
 * Sits down as the owner: listens first, so that clients wait rather than fail; opens the ledger, rebuilds the gate, and
 * answers. A failure on the way frees the directory again.
 *
 * Nothing reaches the ledger through this seat before a gate of its own is rebuilt. So a settlement is either in the ledger
 * then, or in a spool, and is counted exactly once.
 */
export async function sitAsOwner(options: OwnerOptions, lock: OwnerLock): Promise<Seat> {
  const ledger = options.openLedger();
  const door = createLedgerDoor();
  const batches = ledger.then(options.openBatchOwners);
  const gate = Promise.all([ledger, batches]).then(
    (opened) => options.sharedGate ?? rebuildable(() => rebuildGate(options, ...opened), door),
  );
  const served = Promise.all([ledger, batches]).then(
    ([{ destination, history, ledgerWork }, { batchOwners }]): ServedLedger => {
      return { destination: door.behind(destination), history, ledgerWork, batchOwners };
    },
  );
  const backend = Promise.all([gate, served]).then(([openedGate, { history, ...ports }]): RemoteBackend => {
    return { gate: openedGate, ...ports, history: history ?? historyWithoutEngine };
  });
  let server: OwnerServer | null = null;
  let closing: Promise<void> | null = null;
  const close = () => {
    closing ??= closeInOrder(options, { server, gate, batches, ledger, lock });
    return closing;
  };
  backend.catch(async (error: unknown) => {
    options.logger.error('This process could not become the owner.', { cause: String(error) });
    await close();
  });
  try {
    const token = ensureToken(options.directory);
    server = await serveOwner({
      socketPath: lock.record.socketPath,
      token,
      backend,
      logger: options.logger,
    });
    const ledgerWhenSafe = options.sharedGate === null ? backend.then(() => served) : served;
    // Told to whoever asks for it; until then a failure must not end the application.
    ledgerWhenSafe.catch(() => {});
    return { role: 'owner', gate, ledger: ledgerWhenSafe, token, isLost: () => false, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface OwnerParts {
  server: OwnerServer | null;
  gate: Promise<BudgetGate>;
  batches: Promise<OpenBatchOwners>;
  ledger: Promise<LedgerAccess>;
  lock: OwnerLock;
}

/** The lock goes last: whoever takes it next must find gate and ledger let go. */
async function closeInOrder(
  { sharedGate }: OwnerOptions,
  { server, gate, batches, ledger, lock }: OwnerParts,
) {
  try {
    await server?.close();
    if (sharedGate === null) await gate.then((opened) => opened.close(), neverOpened);
    await batches.then((opened) => opened.close(), neverOpened);
    await ledger.then((opened) => opened.close(), neverOpened);
  } finally {
    lock.release();
  }
}

const neverOpened = (): void => {};

/** What was answered and is not written down when a gate ends must be in the spools before the next one reads them. */
const WRITTEN_DOWN_MS = 1_000;

/** A gate that can be replaced by one that is rebuilt, with an outage in between. Where that fails the outage goes on. */
async function rebuildable(open: () => Promise<BudgetGate>, door: LedgerDoor): Promise<BudgetGate> {
  let current = await open();
  let rebuilding: Promise<void> | null = null;
  const rebuild = async () => {
    await current.close();
    await pause(WRITTEN_DOWN_MS);
    current = await open();
  };
  return {
    ...gateThrough(
      (question) => question(current),
      () => current.close(),
    ),
    rebuild: () => {
      rebuilding ??= door.shutDuring(rebuild).finally(() => {
        rebuilding = null;
      });
      return rebuilding;
    },
  };
}

/** While a gate is read from spools and ledger nothing may move from the ones to the other: it would be counted in both. */
interface LedgerDoor {
  shutDuring(work: () => Promise<void>): Promise<void>;
  behind(destination: SegmentDestination): SegmentDestination;
}

function createLedgerDoor(): LedgerDoor {
  let opens = Promise.resolve();
  return {
    shutDuring(work) {
      const done = work();
      opens = done.catch(() => {});
      return done;
    },
    behind: (destination) => ({
      async store(segment) {
        await opens;
        await destination.store(segment);
      },
    }),
  };
}

/** A batch that was created earlier has ended, and so has its hold. */
const BATCH_HELD_MS = 2 * 24 * 3_600_000;

/** From the ledger's settlements, from those and the holds that lie in spools, and from the last configuration. */
async function rebuildGate(
  { directory, organization, clock, logger, waitingTotals, unendedHolds }: OwnerOptions,
  ledger: LedgerAccess,
  batches: OpenBatchOwners,
): Promise<BudgetGate> {
  const { history } = ledger;
  // Before the sums: what is settled in between is counted twice for a while, never not at all.
  const calls = await unendedHolds();
  const waiting = await waitingTotals(ledger);
  // After the waiting ones: by now a settlement is in the ledger, or among those.
  const overBatches = await batches.unendedHolds(organization, clock.nowMs() - BATCH_HELD_MS);
  const holds = [...calls, ...overBatches.filter(({ attemptId }) => !waiting.endedIds.has(attemptId))];
  const stored: SettledSoFar = (await history?.settledTotals(organization, { every: true })) ?? {
    lastSeq: 0,
    totals: [],
  };
  const announced = history === null ? [] : await announcedOf(history, organization, clock);
  const record = (await history?.lastConfigVersion(organization)) ?? null;
  const configuration = newestConfiguration(directory.configurationFile, record, logger);
  const gate = createMemoryGate({
    organization,
    clock,
    logger,
    holds,
    ...(configuration === null ? {} : { configuration }),
    seed: {
      lastSeq: Math.max(stored.lastSeq, waiting.lastSeq),
      totals: [...stored.totals, ...waiting.totals],
      announced,
    },
  });
  return {
    ...gate,
    async publish(snapshot) {
      await gate.publish(snapshot);
      saveConfigurationFile(directory.configurationFile, snapshot);
    },
  };
}

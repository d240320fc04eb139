import { openRedisGate } from '@tallygate/gate';
import { unendedHolds } from '@tallygate/ledger';
import { connectRemote } from '@tallygate/remote';
import type {
  BatchOwners,
  BudgetGate,
  Clock,
  Logger,
  SegmentDestination,
  SettledSelection,
  SpendHistory,
} from '@tallygate/usage';
import { announcedOf } from '../alerts/announced.ts';
import { openBatchOwners } from '../batches/open-batch-owners.ts';
import type { ResolvedConfig } from '../configuration/resolved.ts';
import { snapshotOf } from './configuration-file.ts';
import { type DataDirectory, openDataDirectory } from './data-directory.ts';
import { openEmbedded } from './embedded.ts';
import {
  type LedgerAccess,
  type LedgerWork,
  openEmbeddedLedger,
  openServerLedger,
  workElsewhere,
} from './ledger-access.ts';
import { sitAsOwner } from './owner-seat.ts';
import { openReachableGate } from './reachable-gate.ts';
import { takeSeat } from './seat.ts';
import { waitingTotals } from './waiting-totals.ts';

/** Where gate and ledger of a process are, before its spool is opened. */
export interface Backend {
  role(): 'owner' | 'client' | 'direct';
  gate: BudgetGate;
  destination: SegmentDestination;
  history: SpendHistory | null;
  ledgerWork: LedgerWork;
  batchOwners: BatchOwners;
  token(): string | null;
  close(): Promise<void>;
}

interface Parts {
  clock: Clock;
  logger: Logger;
  /** Sends what this process has recorded to the ledger: what is not there when a lost gate is rebuilt could be spent again. */
  sendRecorded(): Promise<unknown>;
}
/** Remembers what was opened, so that all of it is closed again: the last first, and also when a later part fails to open. */
type Keep = <Part extends { close(): Promise<void> }>(part: Part) => Part;

/** Gate: Redis, else the control plane, else embedded. Ledger: ClickHouse, else the control plane, else embedded. */
export async function openBackend(
  config: ResolvedConfig,
  directory: DataDirectory | null,
  parts: Parts,
): Promise<Backend> {
  const opened: { close(): Promise<void> }[] = [];
  const keep: Keep = (part) => {
    opened.unshift(part);
    return part;
  };
  const close = async () => {
    for (const part of opened.splice(0)) await part.close();
  };
  try {
    return { ...(await openParts(config, directory, parts, keep)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

type OpenParts = Omit<Backend, 'close'>;

async function openParts(
  config: ResolvedConfig,
  directory: DataDirectory | null,
  parts: Parts,
  keep: Keep,
): Promise<OpenParts> {
  const { url, redisUrl, clickhouseUrl } = config;
  if (redisUrl !== null && clickhouseUrl !== null) {
    return openDirect(redisUrl, clickhouseUrl, config, { ...parts, directory }, keep);
  }
  if (url !== null) return openThrough(url, config, parts, keep);
  return openSeated(config, directory ?? openDataDirectory(config.dataDirectory), parts, keep);
}

/** Where this process needs no directory of its own: gate and ledger are elsewhere. */
export function keepsNothing({ url, redisUrl, clickhouseUrl }: ResolvedConfig): boolean {
  return url !== null || (redisUrl !== null && clickhouseUrl !== null);
}

async function openDirect(
  redisUrl: string,
  clickhouseUrl: string,
  config: ResolvedConfig,
  { directory, ...parts }: Parts & { directory: DataDirectory | null },
  keep: Keep,
): Promise<OpenParts> {
  const ledger = keep(await openServerLedger(clickhouseUrl, config, parts));
  const { destination, history, ledgerWork } = ledger;
  const { batchOwners } = keep(batchOwnersBeside(ledger, redisUrl, directory, parts));
  const gate = keep(await openShared(redisUrl, config, parts, history));
  return { role: () => 'direct', gate, destination, history, ledgerWork, batchOwners, token: () => null };
}

/** The control plane for whatever this process has no address of its own for. */
async function openThrough(
  url: string,
  config: ResolvedConfig,
  parts: Parts,
  keep: Keep,
): Promise<OpenParts> {
  const { token, redisUrl, clickhouseUrl } = config;
  const remote = keep(connectRemote({ address: { url }, token }));
  const { destination, history, ledgerWork } =
    clickhouseUrl === null
      ? { ...remote, ledgerWork: workElsewhere }
      : keep(await openServerLedger(clickhouseUrl, config, parts));
  const gate = redisUrl === null ? remote.gate : keep(await openShared(redisUrl, config, parts, history));
  const { batchOwners } = remote;
  return { role: () => 'client', gate, destination, history, ledgerWork, batchOwners, token: () => null };
}

function batchOwnersBeside(
  { batchFacts }: LedgerAccess,
  redisUrl: string | null,
  directory: DataDirectory | null,
  { clock, logger }: Parts,
) {
  const journal = directory?.batches ?? null;
  return openBatchOwners({ redisUrl, ledger: batchFacts, directory: journal, clock, logger });
}

/** Something is kept in the data directory: this process owns it, or asks the process that does. */
async function openSeated(
  config: ResolvedConfig,
  directory: DataDirectory,
  parts: Parts,
  keep: Keep,
): Promise<OpenParts> {
  const { organization, redisUrl, clickhouseUrl } = config;
  const { clock } = parts;
  const shared = redisUrl === null ? null : laterGate();
  const own = {
    ...parts,
    directory,
    organization,
    sharedGate: shared?.gate ?? null,
    openLedger: () =>
      clickhouseUrl === null
        ? openEmbeddedLedger(directory.ledger, config, parts)
        : openServerLedger(clickhouseUrl, config, parts),
    openBatchOwners: (ledger: LedgerAccess) => batchOwnersBeside(ledger, redisUrl, directory, parts),
    waitingTotals: waitingTotals.bind(null, directory.spoolRoot, organization),
    unendedHolds: () => unendedHolds(directory.spoolRoot),
  };
  const take = (patienceMs: number) =>
    takeSeat({ ...parts, directory, organization, own: (lock) => sitAsOwner(own, lock) }, patienceMs);
  const embedded = keep(await openEmbedded({ clock, take }));
  const history = embedded.hasHistory ? embedded.history : null;
  const backend = { ...embedded, history };
  if (redisUrl === null || shared === null) return backend;
  try {
    const gate = keep(await openShared(redisUrl, config, parts, history));
    shared.open(gate);
    return { ...backend, gate };
  } catch (error) {
    shared.fail(error);
    throw error;
  }
}

/** Redis can lose its counters; they are rebuilt from the ledger, wherever that is by then. Without one they cannot be. */
function openShared(
  url: string,
  { organization, mode, redisAttested, leaseTtlMs }: ResolvedConfig,
  { clock, logger, sendRecorded }: Parts,
  history: SpendHistory | null,
): Promise<BudgetGate> {
  const leases = leaseTtlMs === null ? {} : { leases: { ttlMs: leaseTtlMs } };
  const kept = { enforced: mode === 'enforce', attested: redisAttested === 'yes' };
  const options = { url, organization, clock, logger, ...kept, ...leases };
  if (history === null) return openReachableGate({ open: () => openRedisGate(options), clock, logger });
  const seed = async (selection?: SettledSelection) => {
    await sendRecorded();
    const record = await history.lastConfigVersion(organization);
    const settled = await history.settledTotals(organization, selection);
    const announced = await announcedOf(history, organization, clock);
    return { ...settled, announced, ...(record === null ? {} : { configuration: snapshotOf(record) }) };
  };
  return openReachableGate({ open: () => openRedisGate({ ...options, seed }), clock, logger });
}

/** The owner serves a gate that is opened after it: the gate may have to be rebuilt from the ledger that the owner keeps. */
function laterGate() {
  let open: (gate: BudgetGate) => void = () => {};
  let fail: (error: unknown) => void = () => {};
  const gate = new Promise<BudgetGate>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  gate.catch(() => {});
  return { gate, open, fail };
}

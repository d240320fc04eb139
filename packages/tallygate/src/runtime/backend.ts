import { openRedisGate } from '@tallygate/gate';
import { connectRemote } from '@tallygate/remote';
import type { BudgetGate, Clock, Logger, SegmentDestination, SpendHistory } from '@tallygate/usage';
import type { ResolvedConfig } from '../configuration/resolved.ts';
import { snapshotOf } from './configuration-file.ts';
import type { DataDirectory } from './data-directory.ts';
import { openEmbedded } from './embedded.ts';
import { openEmbeddedLedger, openServerLedger } from './ledger-access.ts';
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
  directory: DataDirectory,
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

function openParts(
  config: ResolvedConfig,
  directory: DataDirectory,
  parts: Parts,
  keep: Keep,
): Promise<OpenParts> {
  const { url, redisUrl, clickhouseUrl } = config;
  if (redisUrl !== null && clickhouseUrl !== null) {
    return openDirect(redisUrl, clickhouseUrl, config, parts, keep);
  }
  return url === null ? openSeated(config, directory, parts, keep) : openThrough(url, config, parts, keep);
}

async function openDirect(
  redisUrl: string,
  clickhouseUrl: string,
  config: ResolvedConfig,
  parts: Parts,
  keep: Keep,
): Promise<OpenParts> {
  const { destination, history } = keep(await openServerLedger(clickhouseUrl, parts));
  const gate = keep(await openShared(redisUrl, config, parts, history));
  return { role: () => 'direct', gate, destination, history, token: () => null };
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
  const { destination, history } =
    clickhouseUrl === null ? remote : keep(await openServerLedger(clickhouseUrl, parts));
  const gate = redisUrl === null ? remote.gate : keep(await openShared(redisUrl, config, parts, history));
  return { role: () => 'client', gate, destination, history, token: () => null };
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
        ? openEmbeddedLedger(directory.ledger, parts)
        : openServerLedger(clickhouseUrl, parts),
    waitingTotals: waitingTotals.bind(null, directory.spoolRoot, organization),
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
  { organization }: ResolvedConfig,
  { clock, logger, sendRecorded }: Parts,
  history: SpendHistory | null,
): Promise<BudgetGate> {
  const options = { url, organization, clock, logger };
  if (history === null) return openReachableGate({ open: () => openRedisGate(options), clock, logger });
  const seed = async () => {
    await sendRecorded();
    const record = await history.lastConfigVersion(organization);
    const settled = await history.settledTotals(organization);
    return { ...settled, ...(record === null ? {} : { configuration: snapshotOf(record) }) };
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

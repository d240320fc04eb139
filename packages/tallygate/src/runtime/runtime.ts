import { holdsLeftBehind, openSpool, type Spool, type SpoolStatus, spoolStatus } from '@tallygate/ledger';
import type { OutageAllowance } from '@tallygate/meter';
import type { RemoteBackend } from '@tallygate/remote';
import {
  type BatchOwners,
  type BudgetGate,
  type Clock,
  type ConfigurationSnapshot,
  type Logger,
  type SpendHistory,
  TallygateError,
} from '@tallygate/usage';
import type { ResolvedConfig } from '../configuration/resolved.ts';
import { countdown, type TimeLeft } from '../within-deadline.ts';
import { openBackend } from './backend.ts';
import type { DataDirectory } from './data-directory.ts';
import { NOTHING_REMEMBERED, openLastGood } from './last-good.ts';
import { historyWithoutEngine, type LedgerWork } from './ledger-access.ts';
import { createOutageAllowances } from './outage-allowances.ts';
import { recoverThrough, unknownOutcomesBy } from './recover.ts';
import { usableDirectory } from './usable-directory.ts';

/** Gate, sink and history of one organization, opened as the configuration says. */
export interface Runtime {
  /** owner: this process keeps the data directory. client: another process answers. direct: Redis and ClickHouse do. */
  readonly role: 'owner' | 'client' | 'direct';
  readonly organization: string;
  readonly gate: BudgetGate;
  /** This process's own spool; it drains to wherever the ledger is. */
  readonly sink: Spool;
  /** What waits in the data directory, of all its processes; null where nothing is kept on this disk. */
  spoolStatus(): Promise<SpoolStatus | null>;
  /** Null where this process owns the data directory and the embedded engine is not installed. */
  readonly history: SpendHistory | null;
  /** Raw rows as files, a day in each; refused where another process keeps the ledger. */
  readonly ledgerWork: LedgerWork;
  /** Who pays for which message batch, wherever the ledger is. */
  readonly batchOwners: BatchOwners;
  /** The same four for others: what a server of the remote routes answers from. */
  readonly remoteBackend: RemoteBackend;
  /** Of the data directory, made by its owner; null where nobody owns it. */
  readonly token: string | null;
  /** Null without a disk: what is taken must outlive the process. */
  readonly outageAllowance: OutageAllowance | null;
  /** In force until the gate has answered for the first time. */
  readonly lastGood: ConfigurationSnapshot | null;
  rememberGood(snapshot: ConfigurationSnapshot): void;
  /** Drains for most of the time that is left, by default TALLYGATE_DRAIN_MS, then lets go of gate, ledger and data directory. */
  close(leftMs?: TimeLeft): Promise<void>;
}

/** The rest is for letting go: cut there, a directory would stay locked until the process ends. */
const DRAINING_SHARE = 0.9;

/**
 * Gate: Redis where its URL is set, else the control plane, else embedded. Ledger: ClickHouse where its URL is set, else the
 * control plane, else embedded. What is embedded is kept by one process per data directory and served to the others.
 *
 * @throws TallygateError `TALLYGATE_DIRECTORY_OWNED` when the directory belongs to a process out of reach,
 * `TALLYGATE_CONFIGURATION_INVALID` when it keeps another organization's budgets, and what gate, ledger and spool reject with.
 */
export async function openRuntime(
  config: ResolvedConfig,
  parts: { clock: Clock; logger: Logger },
): Promise<Runtime> {
  const directory = usableDirectory(config, parts.logger);
  let spool: Spool | null = null;
  const sendRecorded = async () => spool?.flush();
  const backend = await openBackend(config, directory, { ...parts, sendRecorded });
  try {
    const { destination, history, ledgerWork, batchOwners } = backend;
    const { clock, logger } = parts;
    const root = spoolRoot(config, directory);
    const outageAllowance =
      root === null ? null : createOutageAllowances(() => holdsLeftBehind({ root, clock }));
    const gate = outageAllowance?.watch(backend.gate) ?? backend.gate;
    const { organization } = config;
    const lastGood =
      directory === null ? NOTHING_REMEMBERED : openLastGood(directory.lastGoodFile, organization, logger);
    const recovery = {
      recover: recoverThrough(gate, organization),
      unknownOutcomes: unknownOutcomesBy(gate, { organization, logger, lastGood: lastGood.read() }),
    };
    const sink = await openSpool({
      ...spoolSettings(config, directory),
      ...recovery,
      destination,
      clock,
      logger,
    });
    spool = sink;
    return {
      get role() {
        return backend.role();
      },
      get token() {
        return backend.token();
      },
      organization: config.organization,
      gate,
      sink,
      async spoolStatus() {
        return directory === null ? null : spoolStatus({ root: directory.spoolRoot, clock });
      },
      history,
      ledgerWork,
      batchOwners,
      outageAllowance,
      remoteBackend: { gate, destination, history: history ?? historyWithoutEngine, batchOwners },
      lastGood: lastGood.read(),
      rememberGood: lastGood.remember,
      async close(leftMs = countdown(clock, config.drainMs)) {
        // Whatever the disk says: without this the directory would stay locked for as long as the process lives.
        await sink.close(leftMs() * DRAINING_SHARE).finally(() => backend.close());
      },
    };
  } catch (error) {
    await backend.close();
    throw error;
  }
}

/** Null where the spool is kept in memory. */
function spoolRoot({ durability }: ResolvedConfig, directory: DataDirectory | null): string | null {
  return durability === 'memory' ? null : (directory?.spoolRoot ?? null);
}

function spoolSettings(config: ResolvedConfig, directory: DataDirectory | null) {
  const { spoolMaxBytes, spoolFull, drainMs } = config;
  const durability = directory === null ? 'memory' : config.durability;
  const bound = spoolMaxBytes === null ? {} : { maxBytes: spoolMaxBytes };
  return { directory: directory?.spoolRoot ?? '', durability, full: spoolFull, drainMs, ...bound } as const;
}

/**
 * Thirty pods with a gate in each process are thirty budgets.
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` for `enforce` in production without a gate that processes share.
 */
export function requireSharedGate(config: ResolvedConfig): void {
  const isShared = config.redisUrl !== null || config.url !== null;
  if (config.mode !== 'enforce' || !config.production || isShared) return;
  throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message:
      'Budgets cannot be enforced in production by a gate of one machine: every machine would have its own.',
    cure: 'Set TALLYGATE_REDIS_URL, or TALLYGATE_URL and TALLYGATE_TOKEN of a control plane; or set TALLYGATE_MODE=observe.',
  });
}

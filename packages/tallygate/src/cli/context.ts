import type { AdminApi } from '@tallygate/admin-api';
import type { RedisInspection } from '@tallygate/gate';
import type { BudgetGate, Clock, SpendHistory, UsageSink } from '@tallygate/usage';
import type { ProviderAccess } from '../configuration/provider-access.ts';
import type { ResolvedConfig } from '../configuration/resolved.ts';
import type { PullHooks } from '../pulls/index.ts';
import type { LedgerWork } from '../runtime/ledger-access.ts';
import type { ReconcileDays } from './reconciliation-port.ts';

/** Where text goes. `columns` is set only on a terminal. */
export interface Output {
  write(text: string): unknown;
  columns?: number | undefined;
}

/** The part of an open Tallygate that commands use; `openRuntime` gives more. */
export interface CliRuntime {
  /** owner: this process serves the data directory. client: another one does. direct: Redis or the control plane does. */
  role: 'owner' | 'client' | 'direct';
  organization: string;
  gate: BudgetGate;
  sink: Pick<UsageSink, 'flush' | 'recordOutcome' | 'recordSettlement' | 'recordDenial'>;
  history: SpendHistory | null;
  ledgerWork: LedgerWork;
  close(): Promise<void>;
}

/**
 * All that a command knows of the world. Commands read nothing else: no process, no environment, no clock of their own, so
 * that every one of them is tested as a function.
 */
export interface CliContext {
  stdout: Output;
  stderr: Output;
  environment: Record<string, string | undefined>;
  workingDirectory: string;
  clock: Clock;
  /** Who acts, for the audit. */
  actor: string;
  /** Of this process; null where the system has none. */
  userId: number | null;
  versions: { tallygate: string; node: string; chdb: string | null };
  openRuntime(config: ResolvedConfig): Promise<CliRuntime>;
  /** The provider's reports; `hooks` store what is read. */
  openAdminApi(access: ProviderAccess, hooks?: PullHooks): AdminApi;
  /** How a Redis keeps counters, by primary. */
  inspectRedis(url: string): Promise<RedisInspection>;
  reconcileDays: ReconcileDays;
  /** Where the owner of a data directory listens. */
  ownerSocketPath(dataDirectory: string): string;
  /** Resolves when the process is asked to stop. */
  untilStopped(): Promise<void>;
  /** Resolves after so many ms, or as soon as the signal is aborted. */
  pause(durationMs: number, signal: AbortSignal): Promise<void>;
}

/** What a command found: the same facts as one JSON document and as text. Nothing else reaches stdout. */
export interface CommandOutcome {
  exitCode: 0 | 3;
  document: Record<string, unknown>;
  text: string;
}

/** Options that every command takes. */
export interface GlobalOptions {
  data?: string;
  organization?: string;
  config?: string;
  json?: true;
}

/** Progress and remarks, for people: never on stdout. */
export function say(context: CliContext, message: string): void {
  context.stderr.write(`${message}\n`);
}

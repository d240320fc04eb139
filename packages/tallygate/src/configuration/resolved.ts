import type { Durability, FullPolicy, InsertMode, RetentionSetting } from '@tallygate/ledger';
import type { Backend } from '@tallygate/usage';

/** off: nothing is done. observe: everything is metered, would-be denials are recorded. enforce: budgets deny. */
export type Mode = 'off' | 'observe' | 'enforce';

/**
 * Every setting of one process, decided once: option > flag > environment > file > default. It is a plain value; nothing
 * reads the environment after it was made.
 */
export interface ResolvedConfig {
  /** Root of the budgets; part of key names. */
  organization: string;
  mode: Mode;
  /** Absolute. Holds the spool, the embedded ledger, the owner's lock and socket. */
  dataDirectory: string;
  /** The control plane, or null when this process speaks to the gate itself or embeds it. */
  url: string | null;
  token: string | null;
  redisUrl: string | null;
  /** MiB of the embedded engine; null: its own bound, 512. */
  ledgerMemoryMb: number | null;
  clickhouseUrl: string | null;
  /** How rows reach a ledger on a server. */
  clickhouseInserts: InsertMode;
  /** null: stays as the ledger has it. */
  retention: RetentionSetting | null;
  /** Key of the HMAC that replaces user ids; null: user ids are dropped. */
  pseudonymKey: string | null;
  /** The provider's id of the API key in use ("apikey_…"), never the key. */
  apiKeyId: string | null;
  /** Where calls run; null: told by the host of each. */
  backend: Backend | null;
  /** on: OpenTelemetry is used where the application has it. */
  telemetry: 'off' | 'on';
  /** How safe usage is the moment it is recorded. */
  durability: Durability;
  /** null: the spool's own bound, 1 GiB on a disk and 64 MiB in memory. */
  spoolMaxBytes: number | null;
  spoolFull: FullPolicy;
  /** How long `close()` may take. */
  drainMs: number;
  /** The operator answers for what Redis does not show of how it keeps counters. */
  redisAttested: 'yes' | 'no';
  /** How long a lease of the shared gate admits; null for none. */
  leaseTtlMs: number | null;
  /** NODE_ENV is "production". */
  production: boolean;
  /** Attribution of calls that say nothing themselves. */
  defaults: { team: string | null; feature: string | null; environment: string | null };
  /** Absolute path of the tallygate.yaml in use, or null when there is none. */
  configFile: string | null;
  /** Base URL of the provider's reports; null: the provider's own. */
  providerUrl: string | null;
  adminKey: string | null;
  /** Where alerts of budgets are posted. */
  alertWebhookUrl: string | null;
  /** TCP port of the routes (and console) on 127.0.0.1; 0 lets the system choose; null: unix socket only. */
  consolePort: number | null;
}

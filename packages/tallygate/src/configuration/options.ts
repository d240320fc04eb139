import type { Durability, FullPolicy, InsertMode } from '@tallygate/ledger';
import type { Backend } from '@tallygate/usage';
import type { Mode } from './resolved.ts';

/**
 * What code and flags may set. `undefined` leaves the setting to the next source; `null` ends the search, so that an
 * application can say "no Redis here" whatever the environment holds.
 */
export interface ConfigOptions {
  organization?: string | null | undefined;
  mode?: Mode | null | undefined;
  /** Relative paths start at the working directory. Default: .tallygate */
  dataDirectory?: string | null | undefined;
  /** Base URL of the control plane (http or https). */
  url?: string | null | undefined;
  token?: string | null | undefined;
  redisUrl?: string | null | undefined;
  /** `yes`: you answer for this Redis never evicting and outliving crashes, where it does not show that. Default: no. */
  redisAttested?: 'yes' | 'no' | null | undefined;
  /**
   * Holds money of the shared Redis for many calls at once and admits from it in memory, for so many ms at a time: for processes
   * of hundreds of calls a second. A change of budgets is in force within this time, and a denial may take twice as long.
   * Default: off, every call asks.
   */
  leaseTtlMs?: number | string | null | undefined;
  /** What the embedded engine may take of this process, in MiB. Default: 512; what needs more fails and changes nothing. */
  ledgerMemoryMb?: number | string | null | undefined;
  clickhouseUrl?: string | null | undefined;
  /** Default: direct. `gathered` lets the server write the segments of many small processes together; needs ClickHouse 26.2. */
  clickhouseInserts?: InsertMode | null | undefined;
  /**
   * Days after which raw usage rows, and earlier the provider's ids in them, may be deleted; rollups stay. It applies to all who
   * use the ledger. Default: as the ledger has it, which begins with 400 and 60; where one is named, the other takes its default.
   */
  rawRetentionDays?: number | string | null | undefined;
  providerIdRetentionDays?: number | string | null | undefined;
  pseudonymKey?: string | null | undefined;
  apiKeyId?: string | null | undefined;
  /** Where calls run, behind a gateway whose host does not tell: it decides about prices. Default: told by each call's host. */
  backend?: Backend | null | undefined;
  /** Whether OpenTelemetry is used where the application has it. Default: on. */
  telemetry?: 'off' | 'on' | null | undefined;
  /** How safe usage is the moment it is recorded. Default: os; `memory` needs no disk and survives no kill. */
  durability?: Durability | null | undefined;
  /** What all spools of the data directory may take together. Default: 1 GiB; in memory 64 MiB. */
  spoolMaxBytes?: number | string | null | undefined;
  /** What happens at that bound. Default: deny-calls, which refuses calls where budgets are enforced. */
  spoolFull?: FullPolicy | null | undefined;
  /** How long `close()` may take, in ms: half of it for the gate, the rest for the ledger. Default: 5000. */
  drainMs?: number | string | null | undefined;
  /** Charged when neither the call nor its scope names a team. */
  team?: string | null | undefined;
  feature?: string | null | undefined;
  environment?: string | null | undefined;
  configFile?: string | null | undefined;
  /** Base URL of the provider's reports, for tests and proxies. */
  providerUrl?: string | null | undefined;
  adminKey?: string | null | undefined;
  /** Where alerts of budgets are posted, as JSON or, for an incoming webhook of Slack, in its form. Default: nowhere. */
  alertWebhookUrl?: string | null | undefined;
  consolePort?: number | string | null | undefined;
}

export type SettingName = keyof ConfigOptions;

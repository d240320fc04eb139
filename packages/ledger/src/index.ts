export { clusterDdl, ledgerDdl } from './cluster-ddl.ts';
export type { InsertMode } from './connect.ts';
export type { ExportedDays, ExportOrder } from './export-days.ts';
export type { RetentionSetting } from './retention.ts';
export { type AdoptionReport, type AdoptOptions, adoptSpools } from './spool/adopt.ts';
export { type DeadLetter, readDeadLetters, retryDeadLetters } from './spool/dead-letters.ts';
export type { FullPolicy } from './spool/disk-bound.ts';
export type { OwnerIsAlive, SpoolOwner } from './spool/owner.ts';
export type { Recover, UnsettledOutcome } from './spool/recover.ts';
export type { UnknownOutcomes } from './spool/recover-intents.ts';
export { type Durability, openSpool, type Spool, type SpoolOptions } from './spool/spool.ts';
export { type SpoolDirectoryStatus, type SpoolStatus, spoolStatus } from './spool/status.ts';
export { holdsLeftBehind, type LeftBehindOptions, unendedHolds } from './spool/unended-holds.ts';
export { type WaitingOptions, waitingSettlements } from './spool/waiting-settlements.ts';
export {
  openUsageStore,
  type UsageStore,
  type UsageStoreDependencies,
  type UsageStoreOptions,
} from './usage-store.ts';

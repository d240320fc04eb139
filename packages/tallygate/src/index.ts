export type { AdminApi } from '@tallygate/admin-api';
export { createAdminApi } from '@tallygate/admin-api';
export type { AttributedOptions, LadderNotice, LadderOptions } from '@tallygate/meter';
export type { Reconciliation } from '@tallygate/reconcile';
export {
  AttributionError,
  BudgetExceededError,
  type CallAttribution,
  type ErrorCode,
  type LadderChange,
  type Logger,
  TallygateError,
} from '@tallygate/usage';
export type { OnAlert } from './alerts/alert-sink.ts';
export type { BudgetAlert } from './alerts/budget-alert.ts';
export { type ValuesOfBudget, valuesOfBudgets } from './budgets-of-values.ts';
export { closeMonth } from './closing/index.ts';
export { keepRecord } from './configuration/keep-record.ts';
export { type BudgetDrift, type DriftReport, findDrift } from './drift/find-drift.ts';
export { type Invoice, type InvoiceStatement, invoiceStatement } from './invoices/index.ts';
export { type OpenOptions, openTallygate, type TallygateRuntime } from './open.ts';
export { openProviders, type Provider } from './provider/index.ts';
export { keepPulls } from './pulls/index.ts';
export { type LastReconciliation, lastReconciliations } from './reconciliation/last-reconciliations.ts';
export { runReconciliation } from './reconciliation/run-reconciliation.ts';
export { liveOwner } from './runtime/live-owner.ts';
export { type DuePullsOptions, pullDueDays } from './schedule/index.ts';
export { type FlushOptions, type Tallygate, type TallygateOptions, tallygate } from './tallygate.ts';

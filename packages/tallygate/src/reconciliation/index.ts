export { type ReconciliationRun, type ReconciliationStep, runReconciliation } from './run-reconciliation.ts';
export { fromStoredReport, reconciliationSchema } from './stored-reconciliation.ts';

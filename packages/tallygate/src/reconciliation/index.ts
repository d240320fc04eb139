export { type ReconciliationStep, runReconciliation } from './run-reconciliation.ts';
export { reconciliationSchema } from './stored-reconciliation.ts';

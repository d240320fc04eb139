export { checkTotals, costSum, tokenSum } from './check-totals.ts';
export { type LastReconciliation, lastReconciliations } from './last-reconciliations.ts';
export { modelNameIn } from './list-price.ts';
export { isNoDataYet, pullProviderDays } from './pull-provider.ts';
export { type ReconciliationStep, runReconciliation } from './run-reconciliation.ts';
export { reconciliationSchema, toStoredBody } from './stored-reconciliation.ts';

export { checkTotals, costSum, tokenSum } from './check-totals.ts';
export { isNoDataYet, pullProviderDays } from './pull-provider.ts';
export { type ReconciliationStep, runReconciliation } from './run-reconciliation.ts';
export { reconciliationSchema } from './stored-reconciliation.ts';

export { closeMonth, formsOf, reopenMonth, statementFile } from './close-month.ts';
export { readFrozen } from './frozen.ts';
export { type MonthAllocation, monthAllocation } from './month-allocation.ts';
export { monthStatements } from './month-statements.ts';
export {
  carriedMonths,
  closedPeriods,
  type PeriodRecord,
  readPeriods,
  stateOfMonth,
} from './period.ts';

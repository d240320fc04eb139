export { closeMonth, reopenMonth } from './close-month.ts';
export { formsOf, STATEMENT_FORMS, statementFile } from './closed-files.ts';
export { frozenRows, readFrozen } from './frozen.ts';
export { type MonthAllocation, monthAllocation } from './month-allocation.ts';
export { monthStatements } from './month-statements.ts';
export {
  carriedMonths,
  closedPeriods,
  type PeriodRecord,
  readPeriods,
  stateOfMonth,
} from './period.ts';

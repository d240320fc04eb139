export { availableNanoUsd, budgetBar, budgetTable } from './budget-table.ts';
export { type CsvCell, toCsv } from './csv.ts';
export { DIMENSION_TITLES, displayGroup } from './dimension-titles.ts';
export { type SpendStatement, type StatementLine, spendStatement } from './spend-statement.ts';
export { percentOf, spendCsv, spendTable } from './spend-tables.ts';
export { type TextTable, toTextTable } from './text-table.ts';
export { type VarianceStatement, varianceTable } from './variance-table.ts';

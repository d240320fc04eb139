export { costCentresOf, journalOfMonth } from './journal-of-month.ts';
export { type MonthBill, readMonthBill } from './month-bill.ts';

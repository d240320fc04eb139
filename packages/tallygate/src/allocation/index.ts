export { chargingOf, costCentresOf, journalOfMonth } from './journal-of-month.ts';
export { monthOf, rangeOfMonth } from './month.ts';
export { type MonthBill, readMonthBill } from './month-bill.ts';

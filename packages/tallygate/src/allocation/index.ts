export { type Correction, chargingOf, costCentresOf, journalOfMonth } from './journal-of-month.ts';
export { monthOf, rangeOfMonth } from './month.ts';
export { type AllocationRules, type MonthBill, readMonthBill } from './month-bill.ts';
export { type PrepaidMonth, prepaidBalance } from './prepaid-balance.ts';
export { DEFAULT_WORKSPACE, type TeamOfPlace, teamOfPlace } from './team-of-place.ts';

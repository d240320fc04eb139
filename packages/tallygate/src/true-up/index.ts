export { TRUED_UP } from './corrected-guesses.ts';
export { type TruedUp, trueUpUsage } from './true-up-usage.ts';

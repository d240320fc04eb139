export { type DuePullsOptions, pullDueDays } from './pull-due-days.ts';

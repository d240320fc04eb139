export { keepPulls, type PullHooks } from './keep-pulls.ts';

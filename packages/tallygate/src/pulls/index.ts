export { driftCaveats } from './drift-caveats.ts';
export { findPullDrift, type PullDrift } from './find-pull-drift.ts';
export { describeFreshness, type Freshness, freshnessDocument } from './freshness.ts';
export { keepPulls, type PullHooks, type PullsOptions } from './keep-pulls.ts';
export { pullState } from './pull-state.ts';

export { driftCaveats } from './drift-caveats.ts';
export { type ClosedRange, findPullDrift, type PullDrift } from './find-pull-drift.ts';
export { describeFreshness, type Freshness, freshnessDocument } from './freshness.ts';
export { keepPulls, type PullHooks, type PullsOptions } from './keep-pulls.ts';
export { newestVersions } from './newest-versions.ts';
export { type PullState, pullState } from './pull-state.ts';
export { readPull } from './read-pull.ts';
export { withoutNames } from './without-names.ts';

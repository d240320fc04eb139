import type { ReserveRequest } from '@tallygate/usage';
import type { LeasePool } from './lease-pool.ts';
import { createNameTree } from './name-tree.ts';

/** Which pool a call belongs to, under one version of the configuration: under another everything is learned anew. */
export interface LeasePools {
  /** Undefined for a kind of call that is not known yet. */
  of(request: ReserveRequest): LeasePool | undefined;
  /** These budgets cover calls like this one. */
  learn(request: ReserveRequest, budgetKeys: readonly string[]): void;
  all(): Iterable<LeasePool>;
  /** Of the configuration that is known here. */
  version(): number;
  /** Nothing is known any more. */
  forget(version: number): void;
}

/** Users are a dimension too; beyond so many kinds of calls they are learned again. */
const MOST_SUBJECTS = 20_000;

export function createLeasePools(openPool: (budgetKeys: readonly string[]) => LeasePool): LeasePools {
  const subjects = createNameTree<LeasePool>();
  const pools = new Map<string, LeasePool>();
  let knownVersion = 0;
  const forgetIdle = (): void => {
    subjects.clear();
    for (const [name, pool] of pools) if (pool.isIdle()) pools.delete(name);
  };
  return {
    of: (request) => (request.configVersion === knownVersion ? subjects.get(subjectOf(request)) : undefined),
    learn(request, budgetKeys) {
      if (request.configVersion !== knownVersion) return;
      const name = `${budgetKeys.join()} ${request.ttlMs}`;
      const pool = pools.get(name) ?? openPool(budgetKeys);
      pools.set(name, pool);
      if (subjects.size() >= MOST_SUBJECTS) forgetIdle();
      subjects.set(subjectOf(request), pool);
    },
    all: () => pools.values(),
    version: () => knownVersion,
    forget(version) {
      subjects.clear();
      pools.clear();
      knownVersion = version;
    },
  };
}

/** All that a budget can be limited by, and the life of the hold, which is the same for all calls of a lease. */
function subjectOf({ attribution, models, ttlMs }: ReserveRequest) {
  const { team, feature, environment, workflow, userPseudonym } = attribution;
  const model = models.length === 1 ? models[0] : models.join('\n');
  return [model, feature, team, environment, workflow, userPseudonym, ttlMs];
}

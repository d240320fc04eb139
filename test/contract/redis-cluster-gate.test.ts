import { afterAll, beforeAll, describe } from 'vitest';
import { clusterProgram, type RedisCluster, startRedisCluster } from '../setup/redis-cluster.ts';
import { describeBudgetGate } from './budget-gate.contract.ts';
import { describeGateModel } from './budget-gate.model.ts';
import type { OpenGate } from './gate-fixtures.ts';
import { openInRedisAt } from './open-gates.ts';

const A_THIRD = Array.from({ length: 5_462 }, (_, slot) => slot);

describe.skipIf(clusterProgram === null)('a cluster of Redis', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(() => cluster.stop());

  /** Every organization in its own slot, wherever that stands. */
  const openInCluster: OpenGate = (organization, conditions) =>
    openInRedisAt(cluster.url, cluster.client.duplicate(), organization, conditions);

  describe('as it was made', () => {
    describeBudgetGate('gate in a cluster', openInCluster);
    describeGateModel('gate in a cluster', openInCluster, { runs: 10, operations: 80 });
  });

  describe('after all slots of one primary have moved to another', () => {
    beforeAll(() => cluster.giveAway(A_THIRD, 1));
    describeBudgetGate('gate in a cluster', openInCluster);
  });
});

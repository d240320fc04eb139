import type { BudgetGate, Clock, Logger } from '@tallygate/usage';
import { unavailable } from './outages.ts';
import type { GateSeed } from './seeds.ts';
export interface RedisGateOptions {
  url: string;
  organization: string;
  clock: Clock;
  logger?: Logger;
  reserveDeadlineMs?: number;
  settleDeadlineMs?: number;
  seed?: () => Promise<GateSeed>;
  bucketMs?: number;
  recordGraceMs?: number;
}
export async function openRedisGate(options: RedisGateOptions): Promise<BudgetGate> {
  throw unavailable(`Not yet: ${options.organization}`);
}

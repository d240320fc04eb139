export { type PeriodName, parsePeriodKey, periodKey } from './keys.ts';
export type { LeaseOptions } from './leases/leased-gate.ts';
export { createMemoryBatches } from './memory-batches.ts';
export { createMemoryGate } from './memory-gate.ts';
export type { MemoryGateOptions } from './memory-state.ts';
export { openRedisBatches, type RedisBatchesOptions } from './redis-batches.ts';
export { openRedisGate } from './redis-gate.ts';
export type { RedisGateOptions } from './redis-session.ts';
export type { GateSeed } from './seeds.ts';

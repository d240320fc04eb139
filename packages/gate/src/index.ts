export { type PeriodName, parsePeriodKey, periodKey } from './keys.ts';
export { createMemoryGate } from './memory-gate.ts';
export type { MemoryGateOptions } from './memory-state.ts';
export { openRedisGate } from './redis-gate.ts';
export type { RedisGateOptions } from './redis-session.ts';
export type { GateSeed } from './seeds.ts';

import { inject } from 'vitest';
import { inRedis } from './redis-world.ts';
import { describeWalks } from './walks.ts';

describeWalks('gate in Redis', inRedis(inject('redisUrl')), { operations: 250_000, lanes: 8 });

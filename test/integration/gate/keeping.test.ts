import { inspectRedis, openRedisGate } from '@tallygate/gate';
import { type Logger, silentLogger, systemClock } from '@tallygate/usage';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startServer } from '../../setup/redis.ts';
import { newOrganization } from './redis-fixtures.ts';

/** A Redis whose counters end with a crash, or are evicted, is no place for budgets that deny; whoever knows better says so. */

async function startWith(...options: string[]): Promise<string> {
  const server = await startServer('redis-server', options);
  onTestFinished(() => server.stop());
  return server.url;
}

async function openAt(
  url: string,
  parts: { enforced?: boolean; attested?: boolean; logger?: Logger } = {},
): Promise<void> {
  const gate = await openRedisGate({ url, organization: newOrganization(), clock: systemClock, ...parts });
  await gate.close();
}

const refused = { code: 'TALLYGATE_CONFIGURATION_INVALID' };

test('without a file and without a replica: enforced budgets refuse it, unless the operator attests; the others go on', async () => {
  const url = await startWith('--appendonly', 'no');
  await expect(openAt(url, { enforced: true })).rejects.toMatchObject(refused);
  await openAt(url, { enforced: true, attested: true });
  const warn = vi.fn();
  await openAt(url, { logger: { ...silentLogger, warn } });
  expect(warn).toHaveBeenCalledWith(expect.stringContaining('end with a crash'), expect.anything());
});

test('a replica is as good as a file', async () => {
  const url = await startWith('--appendonly', 'no');
  const { port } = new URL(url);
  await startWith('--appendonly', 'no', '--replicaof', '127.0.0.1', port, '--repl-diskless-sync-delay', '0');
  const redis = new Redis(url);
  onTestFinished(async () => void (await redis.quit()));
  await expect.poll(() => redis.info('replication'), { timeout: 20_000 }).toContain('connected_slaves:1');
  await openAt(url, { enforced: true });
});

test('whose counters a Redis has is told, in every layout of keys, by servers that may be asked', async () => {
  const url = await startWith('--appendonly', 'yes');
  const redis = new Redis(url);
  onTestFinished(() => redis.disconnect());
  await openAt(url);
  await redis.hset('tg3:{acme%20co}:state', 'epoch', 'e');
  await redis.set('tg4:{acme}:states', '1');
  const { gates } = await inspectRedis(url);
  expect(gates?.map(({ layout, isOurLayout }) => [layout, isOurLayout]).sort()).toEqual([
    ['tg3', false],
    ['tg4', true],
  ]);
  const older = gates?.find(({ isOurLayout }) => !isOurLayout);
  expect(older?.organization).toBe('acme co');
  expect(older?.idleMs).toBeLessThan(60_000);
  await redis.call('ACL', 'SETUSER', 'default', '-scan');
  expect((await inspectRedis(url)).gates).toBeNull();
});

test('what evicts is refused, whatever anybody attests', async () => {
  const url = await startWith('--maxmemory-policy', 'volatile-lru');
  await expect(openAt(url, { attested: true })).rejects.toMatchObject(refused);
});

test('what neither INFO nor CONFIG tells, the operator has to', async () => {
  const url = await startWith();
  const redis = new Redis(url);
  onTestFinished(() => redis.disconnect());
  await redis.call('ACL', 'SETUSER', 'default', '-info', '-config');
  await expect(openAt(url, { enforced: true })).rejects.toMatchObject(refused);
  await openAt(url, { enforced: true, attested: true });
});

test('where CONFIG is denied, INFO tells', async () => {
  const url = await startWith();
  const redis = new Redis(url);
  onTestFinished(() => redis.disconnect());
  await redis.call('ACL', 'SETUSER', 'default', '-config');
  await openAt(url, { enforced: true });
});

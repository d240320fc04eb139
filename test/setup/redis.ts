import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestProject } from 'vitest/node';

/**
 * A real Redis for every test that needs one; never a stand-in. In this order: the one named by REDIS_URL, a `redis-server` on
 * the PATH, a container, and for root on Debian the package. Otherwise the run fails with the command that helps.
 */
declare module 'vitest' {
  interface ProvidedContext {
    redisUrl: string;
  }
}

export interface RunningRedis {
  url: string;
  stop(): Promise<void>;
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const redis = await findRedis();
  project.provide('redisUrl', redis.url);
  return redis.stop;
}

async function findRedis(): Promise<RunningRedis> {
  const named = process.env['REDIS_URL'];
  if (named) return { url: named, stop: async () => {} };
  const onPath = findOnPath('redis-server');
  if (onPath !== null) return startServer(onPath);
  const container = await startContainer();
  if (container !== null) return container;
  if (await installPackage()) return startServer('redis-server');
  throw new Error(
    'These tests need a Redis: start one and pass REDIS_URL, for example ' +
      '"docker run --rm -p 6379:6379 redis:7" and REDIS_URL=redis://127.0.0.1:6379.',
  );
}

export function findOnPath(program: string): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, program)).find((file) => existsSync(file)) ?? null;
}

/** On a free port of the loopback, without files; its folder is temporary all the same, should it write one. */
export async function startServer(program: string, further: readonly string[] = []): Promise<RunningRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'tallygate-redis-'));
  const port = await freePort();
  const options = [
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--save',
    '',
    ...['--appendonly', 'yes', '--appendfsync', 'no'],
  ];
  const server = spawn(program, [...options, '--maxmemory-policy', 'noeviction', ...further], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stopWithUs = (): void => void server.kill('SIGTERM');
  process.once('exit', stopWithUs);
  await readyToAccept(server);
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      process.off('exit', stopWithUs);
      const exited = once(server, 'exit');
      server.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('The system gave no free port.');
  return address.port;
}

export async function readyToAccept(server: ChildProcess): Promise<void> {
  if (server.stdout === null) throw new Error('redis-server has no output to wait for.');
  const seen: string[] = [];
  for await (const line of createInterface({ input: server.stdout })) {
    seen.push(line);
    if (!line.includes('Ready to accept connections')) continue;
    server.stdout.resume();
    return;
  }
  throw new Error(`redis-server ended before it was ready:\n${seen.join('\n')}`);
}

async function startContainer(): Promise<RunningRedis | null> {
  const { getContainerRuntimeClient } = await import('testcontainers');
  try {
    await getContainerRuntimeClient();
  } catch {
    return null;
  }
  const { RedisContainer } = await import('@testcontainers/redis');
  const container = await new RedisContainer('redis:7-alpine').start();
  return {
    url: container.getConnectionUrl(),
    stop: async () => {
      await container.stop();
    },
  };
}

/** False where it is not ours to install. */
async function installPackage(): Promise<boolean> {
  if (process.getuid?.() !== 0 || !(await isDebian())) return false;
  process.stderr.write('No Redis found: installing the package redis-server for these tests.\n');
  return withoutServices(
    () => runApt(['update']) && runApt(['install', '--yes', '--no-install-recommends', 'redis-server']),
  );
}

async function isDebian(): Promise<boolean> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^ID(_LIKE)?=.*debian/m.test(release) && findOnPath('apt-get') !== null;
}

function runApt(command: string[]): boolean {
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = ['-o', 'DPkg::Lock::Timeout=300', '--quiet'];
  return (
    spawnSync('apt-get', [...options, ...command], { stdio: ['ignore', 2, 2], env: environment }).status === 0
  );
}

/** Debian starts a service as it installs it; a policy that forbids this stands for as long as the installation takes. */
function withoutServices<Result>(install: () => Result): Result {
  const policy = '/usr/sbin/policy-rc.d';
  if (existsSync(policy)) return install();
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return install();
  } finally {
    rmSync(policy);
  }
}

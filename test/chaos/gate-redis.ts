import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type FaultyRedis, startFaultyRedis } from '../integration/gate/faulty-redis.ts';
import { freePort, readyToAccept } from '../setup/redis.ts';
import { machineMs } from './gate-journal.ts';

/** A primary and its replica, both with an append-only file, behind wires: one to the clients, one between the two. */
export interface RedisPair {
  /** Where clients connect; it leads to whichever is the primary. */
  readonly wire: FaultyRedis;
  primary(): Redis;
  /** -9, and started again on its file. @returns an instant: what was answered before it is in the file. */
  killPrimary(): Promise<number>;
  /**
   * The replica hears nothing for a while, then becomes the primary; what the old one answered meanwhile is lost.
   * @returns an instant: what was answered before it is on the replica. Null where there is none to promote.
   */
  promoteAfter(partition: () => Promise<void>): Promise<number | null>;
  end(): Promise<void>;
}

interface Server {
  port: number;
  folder: string;
  process: ChildProcess;
  client: Redis;
}

const OPTIONS = [
  ...['--bind', '127.0.0.1', '--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec'],
  ...[
    '--maxmemory-policy',
    'noeviction',
    '--repl-diskless-sync-delay',
    '0',
    '--repl-ping-replica-period',
    '1',
  ],
];

const WAIT_FOR_REPLICA_MS = 1_000;
const FSYNC_WINDOW_MS = 2_000;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export async function startRedisPair(folder: string): Promise<RedisPair> {
  let primary = await startServer(join(folder, 'first'), await freePort());
  let replica = await startServer(join(folder, 'second'), await freePort());
  const wire = await startFaultyRedis(() => urlOf(primary));
  const link = await startFaultyRedis(() => urlOf(primary));
  const follow = () => replica.client.call('REPLICAOF', '127.0.0.1', new URL(link.url).port);
  await follow();

  async function restart(server: Server): Promise<Server> {
    await kill(server);
    return startServer(server.folder, server.port);
  }

  return {
    wire,
    primary: () => primary.client,
    async killPrimary() {
      const keptMs = await writtenUntil(primary.client);
      await kill(primary);
      wire.cut();
      primary = await startServer(primary.folder, primary.port);
      return keptMs;
    },
    async promoteAfter(partition) {
      const keptMs = machineMs();
      await primary.client.incr('chaos:writes');
      if ((await primary.client.wait(1, WAIT_FOR_REPLICA_MS)) === 0) return null;
      link.goDown();
      await partition();
      await replica.client.call('REPLICAOF', 'NO', 'ONE');
      const old = primary;
      [primary, replica] = [replica, old];
      wire.cut();
      replica = await restart(old);
      link.comeUp();
      await follow();
      return keptMs;
    },
    async end() {
      await Promise.all([wire.close(), link.close(), kill(primary), kill(replica)]);
    },
  };
}

/** Written before the answer, and read again whatever kills the process; unless an fsync is late, which holds writes up for 2 s. */
async function writtenUntil(client: Redis): Promise<number> {
  const askedMs = machineMs();
  const isHeldUp = !/aof_pending_bio_fsync:0/.test(await client.info('persistence'));
  return isHeldUp ? askedMs - FSYNC_WINDOW_MS : askedMs;
}

async function startServer(folder: string, port: number): Promise<Server> {
  mkdirSync(folder, { recursive: true });
  const child = spawn('redis-server', ['--port', String(port), '--dir', folder, ...OPTIONS], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  await readyToAccept(child);
  const client = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: 0 });
  // A killed server breaks its connection; the next one has a client of its own.
  client.on('error', () => {});
  return { port, folder, process: child, client };
}

async function kill({ process: child, client }: Server): Promise<void> {
  client.disconnect();
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
}

function urlOf({ port }: Server): string {
  return `redis://127.0.0.1:${port}`;
}

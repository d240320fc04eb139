import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, type TestContext } from 'vitest';
import { findOnPath, freePort, readyToAccept } from '../../setup/redis.ts';

/** A Redis of the test's own: it dies as by `kill -9`, and comes back at the same address with all that it had answered. */
export interface MortalRedis {
  url: string;
  kill(): Promise<void>;
  start(): Promise<void>;
}

export async function startMortalRedis(context: TestContext): Promise<MortalRedis> {
  const program = findOnPath('redis-server');
  if (program === null) return context.skip('no redis-server on the PATH');
  const folder = mkdtempSync(join(tmpdir(), 'tg-mortal-'));
  const port = await freePort();
  const options = { port, bind: '127.0.0.1', dir: folder, appendonly: 'yes', appendfsync: 'always' };
  const given = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  let server: ChildProcess | null = null;
  const start = async () => {
    server = spawn(program, given, { stdio: ['ignore', 'pipe', 'inherit'] });
    await readyToAccept(server);
  };
  const kill = async () => {
    if (server === null || server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    server.kill('SIGKILL');
    await exited;
  };
  onTestFinished(async () => {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  });
  await start();
  return { url: `redis://127.0.0.1:${port}`, kill, start };
}

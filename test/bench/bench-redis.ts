import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** As a Redis that keeps budgets has to be: nothing is evicted, and every write is in a log that is synced each second. */
const AS_IN_PRODUCTION = [
  ...['--appendonly', 'yes', '--appendfsync', 'everysec'],
  ...['--save', '', '--maxmemory-policy', 'noeviction'],
];

/** Runs the work beside a `redis-server` of its own on the loopback, which ends with it. */
export async function withBenchRedis<Result>(work: (url: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'tallygate-bench-redis-'));
  const port = await freePort();
  const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, ...AS_IN_PRODUCTION];
  const server = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(server, 'exit');
  const endWithUs = () => void server.kill('SIGKILL');
  process.once('exit', endWithUs);
  try {
    await Promise.race([readyToAccept(server.stdout), ended.then(neverReady)]);
    return await work(`redis://127.0.0.1:${port}`);
  } finally {
    process.off('exit', endWithUs);
    server.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('The system gave no free port.');
  return address.port;
}

async function readyToAccept(output: NodeJS.ReadableStream): Promise<void> {
  for await (const line of createInterface({ input: output })) {
    if (!line.includes('Ready to accept connections')) continue;
    output.resume();
    return;
  }
}

function neverReady(): never {
  throw new Error('redis-server ended before it was ready: is another one, or an old one, on the PATH?');
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import Anthropic from '@anthropic-ai/sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { question, started } from './running-simulator.ts';

const MAIN = fileURLToPath(new URL('../../../services/simulator/src/main.ts', import.meta.url));
const KEYS = JSON.stringify([{ key: 'key-for-this-process', id: 'apikey_process' }]);

let children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.filter(({ exitCode }) => exitCode === null)) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  children = [];
});

function run(flags: string[], settings: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...flags], {
    env: { PATH: process.env['PATH'], ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  const output = createInterface({ input: child.stdout });
  return { child, errors, firstLine: async () => String((await once(output, 'line'))[0]) };
}

describe('the simulator as a process', () => {
  it('says its address as JSON, serves its keys, logs lines of JSON, and ends with 0 on SIGTERM', async () => {
    const { child, errors, firstLine } = run(['--json'], { SIMULATOR_API_KEYS: KEYS });
    const { url, port } = JSON.parse(await firstLine());
    expect(url).toBe(`http://127.0.0.1:${port}`);
    const client = new Anthropic({ apiKey: 'key-for-this-process', baseURL: url, maxRetries: 0 });
    await client.messages.create(question);
    child.kill('SIGTERM');
    // Not "exit": the last lines of the log may still be on their way.
    expect((await once(child, 'close'))[0]).toBe(0);
    expect(errors.map((line) => JSON.parse(line).event)).toEqual(['generated', 'answered']);
    expect(errors.join()).not.toContain('key-for-this-process');
  });

  it('says its address alone without --json', async () => {
    expect(await run([]).firstLine()).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it.each([
    [['--jsno'], {}, 'usage'],
    [[], { SIMULATOR_SEDE: '1' }, 'SIMULATOR_SEDE is not a setting'],
    [[], { SIMULATOR_EXTRA_BILLED_USD: 'much' }, 'no amount in USD'],
  ])('ends with 2 and the reason for %j %j', async (flags, settings, reason) => {
    const { child, errors } = run(flags, settings);
    expect((await once(child, 'close'))[0]).toBe(2);
    expect(errors.join()).toContain(reason);
  });

  it('ends with 1 when its port is taken', async () => {
    const { port } = await started();
    const { child, errors } = run([], { SIMULATOR_PORT: String(port) });
    expect((await once(child, 'close'))[0]).toBe(1);
    expect(errors.join()).toContain('EADDRINUSE');
  });
});

describe('a started simulator', () => {
  it('frees its port when closed, twice if asked to, with callers still connected', async () => {
    const simulator = await started({ slowEventDelayMs: 600_000 });
    const client = new Anthropic({ apiKey: 'nobody', baseURL: simulator.url, maxRetries: 0 });
    await expect(client.messages.create(question)).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
    await Promise.all([simulator.close(), simulator.close()]);
    const server = createServer().listen(simulator.port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
  });

  it('refuses to be reached from elsewhere', async () => {
    const everywhere = '0.0.0.0' as '127.0.0.1';
    await expect(started({ host: everywhere })).rejects.toThrow('binds 127.0.0.1 only');
  });
});

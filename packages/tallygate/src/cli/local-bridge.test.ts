import { mkdtempSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openLocalBridge } from './local-bridge.ts';
import { memoryCli } from './memory-context.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Stands in for the owner: answers on a unix socket with what it was asked. */
async function echoOwner(): Promise<string> {
  const socketPath = join(mkdtempSync(join(tmpdir(), 'tallygate-bridge-')), 'owner.sock');
  const server = createServer((incoming, response) => {
    response.end(`${incoming.method} ${incoming.url} ${incoming.headers.authorization ?? 'nobody'}`);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  return socketPath;
}

function ask(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: 'Bearer t' };
    const outgoing = request({
      host: '127.0.0.1',
      port,
      path: '/v1/x',
      method: 'POST',
      headers,
      agent: false,
    });
    outgoing.on('error', reject);
    outgoing.on('response', async (incoming) => {
      let body = '';
      for await (const chunk of incoming) body += String(chunk);
      resolve(body);
    });
    outgoing.end();
  });
}

describe('openLocalBridge', () => {
  it("answers on the port exactly what the owner's socket answers, token and all", async () => {
    const bridge = await openLocalBridge(0, await echoOwner());
    closers.push(bridge.close);
    expect(await ask(bridge.port)).toBe('POST /v1/x Bearer t');
  });

  it('breaks the connection when nobody owns the directory, instead of leaving it open', async () => {
    const bridge = await openLocalBridge(0, join(tmpdir(), 'no-such-owner.sock'));
    closers.push(bridge.close);
    await expect(ask(bridge.port)).rejects.toThrow();
  });

  it('takes no more connections once closed', async () => {
    const bridge = await openLocalBridge(0, await echoOwner());
    await bridge.close();
    await expect(ask(bridge.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('names a port that is taken', async () => {
    const bridge = await openLocalBridge(0, await echoOwner());
    closers.push(bridge.close);
    await expect(openLocalBridge(bridge.port, 'x')).rejects.toThrow(
      `Port ${bridge.port} of 127.0.0.1 cannot be taken (EADDRINUSE). Choose another with --port`,
    );
  });

  it('is what "serve --port" opens, and closes when it is stopped', async () => {
    const socketPath = await echoOwner();
    let answer = '';
    let port = 0;
    const cli = memoryCli({
      ownerSocketPath: () => socketPath,
      stderr: { write: (text) => (port ||= Number(/127\.0\.0\.1:(\d+)/.exec(text)?.[1] ?? 0)) },
      untilStopped: async () => {
        answer = await ask(port);
      },
    });
    expect(await cli.run('serve', '--port', '0')).toMatchObject({ code: 0 });
    expect(answer).toBe('POST /v1/x Bearer t');
    const free = createTcpServer();
    await new Promise<void>((resolve) => free.listen(port, '127.0.0.1', resolve));
    await new Promise((resolve) => free.close(resolve));
  });
});

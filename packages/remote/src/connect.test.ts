import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptyConfiguration, TallygateError } from '@tallygate/usage';
import { afterEach, describe, expect, it } from 'vitest';
import { connectRemote, type RemoteTallygate, wasUnreachable } from './connect.ts';
import { toWireError } from './wire-error.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function temporaryPath(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'tg-remote-'));
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, name);
}

async function listening(server: Server, ...where: [string] | [number, string]): Promise<void> {
  cleanUps.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => {
    if (typeof where[0] === 'string') server.listen(where[0], resolve);
    else server.listen(where[0], where[1], resolve);
  });
}

async function serving(listener: RequestListener): Promise<{ socketPath: string; server: Server }> {
  const socketPath = temporaryPath('s.sock');
  const server = createServer(listener);
  await listening(server, socketPath);
  return { socketPath, server };
}

function connected(...options: Parameters<typeof connectRemote>): RemoteTallygate {
  const remote = connectRemote(...options);
  cleanUps.push(() => remote.close());
  return remote;
}

const failureOf = (work: Promise<unknown>): Promise<TallygateError> =>
  work.then(
    () => Promise.reject(new Error('it was answered')),
    (error: unknown) => (TallygateError.isInstance(error) ? error : Promise.reject(error)),
  );

const configurationReply = JSON.stringify(emptyConfiguration('acme'));

describe('connectRemote', () => {
  it('sends the token as a bearer token, over a unix socket', async () => {
    const { socketPath } = await serving((request, response) => {
      response.end(request.headers.authorization === 'Bearer s3' ? configurationReply : '{}');
    });
    const remote = connected({ address: { socketPath }, token: 's3' });
    expect(await remote.gate.configuration()).toEqual(emptyConfiguration('acme'));
  });

  it('keeps the path of a base URL, over TCP', async () => {
    const server = createServer((request, response) => {
      response.statusCode = request.url === '/tally/v1/gate/configuration' ? 200 : 404;
      response.end(configurationReply);
    });
    await listening(server, 0, '127.0.0.1');
    const { port } = server.address() as AddressInfo;
    const remote = connected({ address: { url: `http://127.0.0.1:${port}/tally/` } });
    expect((await remote.gate.configuration()).organization).toBe('acme');
  });

  it('makes calls over one connection', async () => {
    const { socketPath, server } = await serving((_request, response) => response.end(configurationReply));
    let connections = 0;
    server.on('connection', () => connections++);
    const remote = connected({ address: { socketPath } });
    for (let call = 0; call < 5; call++) await remote.gate.configuration();
    expect(connections).toBe(1);
  });

  it('raises the error of the other side with the same code, message and cure', async () => {
    const raised = new TallygateError('TALLYGATE_CONFIGURATION_OUTDATED', {
      message: 'Version 4 is live.',
      cure: 'Read it again.',
    });
    const { socketPath } = await serving((_request, response) => {
      response.statusCode = raised.httpStatus;
      response.end(JSON.stringify(toWireError(raised)));
    });
    const error = await failureOf(
      connected({ address: { socketPath } }).gate.publish(emptyConfiguration('acme')),
    );
    expect([error.code, error.message, error.cure]).toEqual([raised.code, raised.message, raised.cure]);
    expect(wasUnreachable(error)).toBe(false);
  });

  it('calls nobody listening an outage of the gate, or of the ledger, by route', async () => {
    const remote = connected({ address: { socketPath: temporaryPath('nobody.sock') } });
    const gate = await failureOf(remote.gate.balances());
    const store = await failureOf(
      remote.destination.store({ token: 't', events: [], settlements: [], denials: [] }),
    );
    const history = await failureOf(remote.history.lastReports('acme'));
    expect([gate.code, store.code, history.code]).toEqual([
      'TALLYGATE_GATE_UNAVAILABLE',
      'TALLYGATE_LEDGER_UNAVAILABLE',
      'TALLYGATE_LEDGER_UNAVAILABLE',
    ]);
    expect([gate, store, history].every(wasUnreachable)).toBe(true);
  });

  it('gives up on a server that takes the call and never answers', async () => {
    const { socketPath } = await serving(() => {});
    const remote = connected({ address: { socketPath }, timeouts: { gateMs: 20, ledgerMs: 20 } });
    const error = await failureOf(remote.gate.balances());
    expect(error.code).toBe('TALLYGATE_GATE_UNAVAILABLE');
    expect(wasUnreachable(error)).toBe(true);
  });

  it('gives up on a reply that starts and never ends', async () => {
    const { socketPath } = await serving((_request, response) => void response.write('{'));
    const remote = connected({ address: { socketPath }, timeouts: { gateMs: 40 } });
    expect((await failureOf(remote.gate.balances())).code).toBe('TALLYGATE_GATE_UNAVAILABLE');
  });

  it('repeats a call when a kept connection turns out to be closed', async () => {
    let requests = 0;
    const { socketPath } = await serving((request, response) => {
      requests += 1;
      // Second request on the first connection: closed without a word, as a server does whose idle time ran out.
      if (requests === 2) request.socket.destroy();
      else response.end(configurationReply);
    });
    const remote = connected({ address: { socketPath } });
    await remote.gate.configuration();
    expect((await remote.gate.configuration()).organization).toBe('acme');
    expect(requests).toBe(3);
  });

  it.each([
    ['a page of a proxy', 502, '<html>Bad gateway</html>'],
    [
      'an error of a newer version',
      418,
      '{"error":{"code":"TALLYGATE_TEAPOT_BOILED","message":"m","cure":"c"}}',
    ],
    ['a success that is no reply', 200, '{"balances":[]}'],
    ['a success that is no JSON', 200, 'ok'],
    ['nothing', 204, ''],
  ])('never takes %s for an answer', async (_what, status, body) => {
    const { socketPath } = await serving((_request, response) => {
      response.statusCode = status;
      response.end(body);
    });
    const error = await failureOf(connected({ address: { socketPath } }).gate.balances());
    expect(error.code).toBe('TALLYGATE_GATE_UNAVAILABLE');
  });

  it('calls a peer that speaks no HTTP an outage', async () => {
    const socketPath = temporaryPath('tcp.sock');
    const server = createTcpServer((socket) => socket.end('SSH-2.0\r\n'));
    cleanUps.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    const error = await failureOf(connected({ address: { socketPath } }).gate.balances());
    expect(error.code).toBe('TALLYGATE_GATE_UNAVAILABLE');
  });

  it('puts neither token nor password of the address into an error', async () => {
    const address = { url: 'http://user:hunter2@127.0.0.1:9/?key=hunter3' };
    const error = await failureOf(connected({ address, token: 'hunter4' }).gate.balances());
    expect(error.message).not.toMatch(/hunter/);
  });

  it('answers nothing more after close', async () => {
    const { socketPath } = await serving((_request, response) => response.end(configurationReply));
    const remote = connectRemote({ address: { socketPath } });
    await remote.gate.configuration();
    await remote.close();
    expect((await failureOf(remote.gate.configuration())).code).toBe('TALLYGATE_GATE_UNAVAILABLE');
  });
});

import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryGate } from '@tallygate/gate';
import { createMemoryBatchOwners } from '@tallygate/meter';
import { connectRemote, type RemoteBackend, ROUTES } from '@tallygate/remote';
import { silentLogger, systemClock } from '@tallygate/usage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { historyWithoutEngine } from './ledger-access.ts';
import { type OwnerServer, serveOwner } from './owner-server.ts';

let root: string;
let socketPath: string;
let server: OwnerServer | null;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tg-server-'));
  socketPath = join(root, 'owner.sock');
  server = null;
});
afterEach(async () => {
  await server?.close();
  rmSync(root, { recursive: true, force: true });
});

const backend = (): RemoteBackend => ({
  gate: createMemoryGate({ organization: 'acme', clock: systemClock }),
  destination: { store: async () => {} },
  history: historyWithoutEngine,
  batchOwners: createMemoryBatchOwners({ clock: systemClock }),
});

async function serve(ready: Promise<RemoteBackend> = Promise.resolve(backend())): Promise<void> {
  server = await serveOwner({ socketPath, token: 'right', backend: ready, logger: silentLogger });
}

function send(method: string, path: string, body: string, token = 'right') {
  return new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const outgoing = request({ socketPath, method, path, headers }, async (incoming) => {
      let text = '';
      for await (const chunk of incoming) text += chunk;
      resolve({ status: incoming.statusCode, text });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

describe('the server of an owner', () => {
  it('answers on a socket that is for this user only, in the place of a dead one', async () => {
    writeFileSync(socketPath, '');
    await serve();
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
    expect((await send('POST', ROUTES.balances.path, '{}')).status).toBe(200);
  });

  it.each([
    ['a wrong token', 'POST', ROUTES.balances.path, '{}', 'wrong', 401, 'TALLYGATE_TOKEN_REJECTED'],
    ['an unknown path', 'POST', '/v1/gate/guess', '{}', 'right', 404, 'TALLYGATE_ROUTE_UNKNOWN'],
    ['another method', 'GET', ROUTES.balances.path, '', 'right', 404, 'TALLYGATE_ROUTE_UNKNOWN'],
    ['a body that is no JSON', 'POST', ROUTES.balances.path, '{', 'right', 400, 'TALLYGATE_REQUEST_INVALID'],
    ['a body that does not fit', 'POST', ROUTES.settle.path, '{}', 'right', 400, 'TALLYGATE_REQUEST_INVALID'],
  ])('refuses %s', async (_what, method, path, body, token, status, code) => {
    await serve();
    const answer = await send(method, path, body, token);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code } });
  });

  it('lets calls wait while the gate is rebuilt, and answers none of them before', async () => {
    let ready: (opened: RemoteBackend) => void = () => {};
    await serve(new Promise((resolve) => (ready = resolve)));
    const remote = connectRemote({ address: { socketPath }, token: 'right' });
    let answered = false;
    const answer = remote.gate.balances().then((balances) => {
      answered = true;
      return balances;
    });
    // Refused at once, on the same server: by then the call before it has arrived too.
    await send('POST', ROUTES.balances.path, '{}', 'wrong');
    expect(answered).toBe(false);
    ready(backend());
    expect(await answer).toEqual([]);
    await remote.close();
  });

  it('tells those who wait that the owner could not start', async () => {
    const failed = Promise.reject(new Error('password=hunter2'));
    failed.catch(() => {});
    await serve(failed);
    const answer = await send('POST', ROUTES.balances.path, '{}');
    expect(answer.status).toBe(503);
    expect(answer.text).toContain('TALLYGATE_GATE_UNAVAILABLE');
    expect(answer.text).not.toContain('hunter2');
  });

  it('finishes what it has begun before it closes', async () => {
    let ready: (opened: RemoteBackend) => void = () => {};
    await serve(new Promise((resolve) => (ready = resolve)));
    const answer = send('POST', ROUTES.balances.path, '{}');
    await send('POST', ROUTES.balances.path, '{}', 'wrong');
    const closed = server?.close();
    ready(backend());
    expect((await answer).status).toBe(200);
    await closed;
    await expect(send('POST', ROUTES.balances.path, '{}')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

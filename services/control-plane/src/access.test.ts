import { createMemoryGate } from '@tallygate/gate';
import { ROUTES } from '@tallygate/remote';
import { describe, expect, it } from 'vitest';
import type { ControlPlaneOptions } from './app.ts';
import { testPlane } from './testing/planes.ts';
import { clock, TOKEN } from './testing/served-world.ts';

const READS = ['/', '/v1/spend', '/v1/budgets'];
const WRITES = Object.values(ROUTES).map(({ path }) => path);

function plane(options: Partial<ControlPlaneOptions> = {}) {
  return testPlane(createMemoryGate({ organization: 'acme', clock }), options);
}

async function codeOf(response: Response): Promise<unknown> {
  return ((await response.json()) as { error: { code: string } }).error.code;
}

describe('reading on this machine', () => {
  it.each(READS)('needs no token: %s', async (path) => {
    expect((await plane().get(path)).status).toBe(200);
  });

  it.each(['127.0.0.1:4680', 'localhost:4680', 'localhost', 'LOCALHOST:1', '[::1]:4680'])(
    'is answered under the name %s',
    async (host) => {
      expect((await plane().get('/v1/budgets', { host })).status).toBe(200);
    },
  );

  it.each([
    'evil.example',
    'evil.example:4680',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.1@evil.example',
    '0.0.0.0:4680',
    '10.0.0.7:4680',
    '',
  ])('is refused under the name %j, whatever is asked and by whomever', async (host) => {
    for (const path of [...READS, '/healthz', '/readyz', '/nothing']) {
      const response = await plane().get(path, { host, authorization: `Bearer ${TOKEN}` });
      expect(response.status).toBe(400);
      expect(await codeOf(response)).toBe('TALLYGATE_REQUEST_INVALID');
    }
    expect(
      (await plane().post('/v1/gate/balances', {}, { host, authorization: `Bearer ${TOKEN}` })).status,
    ).toBe(400);
  });

  it('does not repeat the name it was asked under: that may be anything', async () => {
    const response = await plane().get('/', { host: '<script>.example' });
    expect(await response.text()).not.toContain('script');
  });
});

describe('reading for somebody else', () => {
  it.each(['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'])(
    'needs the token as soon as a proxy says so with %s',
    async (header) => {
      for (const path of [...READS, '/v1/reconciliation']) {
        const refused = await plane().get(path, { [header]: 'for=203.0.113.7' });
        expect(refused.status).toBe(401);
        expect(await codeOf(refused)).toBe('TALLYGATE_TOKEN_REJECTED');
      }
      const headers = { [header]: 'for=203.0.113.7', authorization: `Bearer ${TOKEN}` };
      expect((await plane().get('/v1/budgets', headers)).status).toBe(200);
    },
  );

  it('leaves the probes open: they tell codes and nothing else', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.7' };
    expect((await plane().get('/healthz', headers)).status).toBe(200);
    expect((await plane().get('/readyz', headers)).status).toBe(200);
  });
});

describe('writing', () => {
  it.each(WRITES)('is refused without the right token: %s', async (path) => {
    const wrong = [
      {},
      { authorization: TOKEN },
      { authorization: 'Bearer' },
      { authorization: `Basic ${TOKEN}` },
      { authorization: `Bearer ${TOKEN}x` },
      { authorization: `Bearer ${TOKEN.slice(0, -1)}` },
      { authorization: `Bearer ${TOKEN.toUpperCase()}` },
    ];
    for (const headers of wrong) {
      const response = await plane().post(path, {}, headers);
      expect(response.status).toBe(401);
      expect(await codeOf(response)).toBe('TALLYGATE_TOKEN_REJECTED');
    }
  });

  it('is answered with the right one', async () => {
    expect((await plane().post('/v1/gate/balances', {})).status).toBe(200);
  });

  it('checks the token before the route and before the body: a stranger learns nothing', async () => {
    const unknown = await plane().post('/v1/no/such/route', 'not json', {});
    expect(await codeOf(unknown)).toBe('TALLYGATE_TOKEN_REJECTED');
    const huge = await plane().post('/v1/ledger/store', {}, { 'content-length': String(2 ** 40) });
    expect(await codeOf(huge)).toBe('TALLYGATE_TOKEN_REJECTED');
  });

  it.each([null, undefined])('is refused to everybody where there is no token (%s)', async (token) => {
    const gate = createMemoryGate({ organization: 'acme', clock });
    const runtime = { ...plane().runtime, gate, token: null };
    const options: Partial<ControlPlaneOptions> = token === undefined ? { runtime } : { runtime, token };
    for (const authorization of ['Bearer ', 'Bearer null', 'Bearer undefined', `Bearer ${TOKEN}`]) {
      const response = await testPlane(gate, options).post('/v1/gate/balances', {}, { authorization });
      expect(response.status).toBe(401);
    }
  });

  it('takes the given token instead of the one of the data directory', async () => {
    const given = plane({ token: 'given-by-the-operator' });
    const headers = { authorization: 'Bearer given-by-the-operator' };
    expect((await given.post('/v1/gate/balances', {}, headers)).status).toBe(200);
    expect((await given.post('/v1/gate/balances', {})).status).toBe(401);
  });

  it('follows the token of the data directory when its owner changes', async () => {
    let token = 'first';
    const gate = createMemoryGate({ organization: 'acme', clock });
    const served = plane().runtime;
    const runtime = {
      ...served,
      gate,
      get token() {
        return token;
      },
    };
    const { createControlPlane } = await import('./app.ts');
    const { app } = createControlPlane({ runtime, clock });
    const ask = (offered: string) =>
      app.request('/v1/gate/balances', {
        method: 'POST',
        headers: { authorization: `Bearer ${offered}`, 'content-type': 'application/json' },
        body: '{}',
      });
    expect((await ask('first')).status).toBe(200);
    token = 'second';
    expect((await ask('first')).status).toBe(401);
    expect((await ask('second')).status).toBe(200);
  });

  it('is never repeated in an answer or in the log', async () => {
    const observed = plane();
    const response = await observed.post('/v1/gate/balances', {}, { authorization: 'Bearer sk-ant-secret' });
    const unknown = await observed.post('/v1/nothing', {}, { authorization: `Bearer ${TOKEN}` });
    const said = [await response.text(), await unknown.text(), ...observed.logged].join('\n');
    expect(said).not.toContain('sk-ant-secret');
    expect(said).not.toContain(TOKEN);
  });
});

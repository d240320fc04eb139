import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLogger } from '@tallygate/usage';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openProvider } from './open-provider.ts';

const DAY_MS = 86_400_000;
const day = { fromMs: Date.parse('2026-11-01T00:00:00Z'), toMs: Date.parse('2026-11-02T00:00:00Z') };

/** A provider over HTTP that knows by key what it may read, and whose organization it is. */
async function provider(keys: Record<string, { status: number; organization?: string }>) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const key = String(request.headers['x-api-key']);
    asked.push(key);
    const { status, organization = 'main' } = keys[key] ?? { status: 401 };
    const bucket = { starting_at: '2026-11-01T00:00:00Z', ending_at: '2026-11-02T00:00:00Z', results: [] };
    const body =
      status === 200
        ? { data: [bucket], has_more: false, next_page: null }
        : { type: 'error', error: { type: 'some_error', message: 'no' } };
    response.writeHead(status, {
      'content-type': 'application/json',
      'anthropic-organization-id': organization,
      'x-should-retry': 'false',
    });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const providerUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [first = '', ...others] = Object.keys(keys);
  const keyOf = (apiKey: string) => ({ variable: 'KEY', apiKey });
  const open = (organizationId: string | null = null) =>
    openProvider({ organizationId, keys: [keyOf(first), ...others.map(keyOf)], providerUrl }, silentLogger);
  return { asked, open };
}

describe('several keys of one organization', () => {
  it.each([401, 403, 404])('another is asked where one is answered %i', async (status) => {
    const { asked, open } = await provider({ first: { status }, second: { status: 200 } });
    expect(await open().costs({ ...day, groupBy: [] })).toHaveLength((day.toMs - day.fromMs) / DAY_MS);
    expect(asked).toEqual(['first', 'second']);
  });

  it('are not tried one after the other while the provider is away', async () => {
    const { asked, open } = await provider({ first: { status: 500 }, second: { status: 200 } });
    await expect(open().costs({ ...day, groupBy: [] })).rejects.toMatchObject({
      code: 'TALLYGATE_PROVIDER_UNAVAILABLE',
    });
    expect(asked).toEqual(['first']);
  });

  it('say what the last one was told where none may read it', async () => {
    const { open } = await provider({ first: { status: 401 }, second: { status: 403 } });
    await expect(open().costs({ ...day, groupBy: [] })).rejects.toMatchObject({
      code: 'TALLYGATE_KEY_REJECTED',
      message: expect.stringContaining('403'),
    });
  });

  it('answer for no other organization: a key that was mixed up would put one bill on another', async () => {
    const { open } = await provider({ first: { status: 200, organization: 'lab' } });
    await expect(open('main').costs({ ...day, groupBy: [] })).rejects.toMatchObject({
      code: 'TALLYGATE_CONFIGURATION_INVALID',
      message: expect.stringContaining('lab'),
    });
    expect(await open('lab').costs({ ...day, groupBy: [] })).toHaveLength(1);
  });
});

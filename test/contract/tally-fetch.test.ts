import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tallygate } from 'tallygate';
import { afterEach, describe, expect, it, vi } from 'vitest';

describe('tally.fetch', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('is one function, detached from its object, over the global fetch of the moment, and sends nothing of ours', async () => {
    const dataDirectory = await mkdtemp(join(tmpdir(), 'tally-fetch-'));
    const tally = tallygate({ mode: 'off', dataDirectory });
    const { fetch: tallyFetch } = tally;
    const sent: Headers[] = [];
    vi.stubGlobal('fetch', async (_input: unknown, init: RequestInit) => {
      sent.push(new Headers(init.headers));
      return new Response('answer');
    });
    const headers = { 'x-tallygate-attribution': '{"team":"support"}', 'x-other': 'kept' };
    const response = await tallyFetch('https://api.anthropic.com/v1/messages', { method: 'POST', headers });
    await tally.close();
    expect(await response.text()).toBe('answer');
    expect(tally.fetch).toBe(tallyFetch);
    expect(sent.map((each) => [...each])).toEqual([[['x-other', 'kept']]]);
  });
});

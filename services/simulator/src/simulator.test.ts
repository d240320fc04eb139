import { describe, expect, it } from 'vitest';
import { DEFAULT_ADMIN_KEY, DEFAULT_API_KEY } from './keys.ts';
import type { SimulatorOptions } from './options.ts';
import { createSimulator } from './simulator.ts';

const nowMs = () => Date.parse('2026-11-21T12:34:56.789Z');
const question = {
  model: 'claude-opus-5-5',
  max_tokens: 500,
  messages: [{ role: 'user', content: 'a secret prompt' }],
};

function opened(options: SimulatorOptions = {}) {
  const simulator = createSimulator({
    nowMs,
    eventDelayMs: 0,
    slowEventDelayMs: 0,
    timeoutDelayMs: 0,
    ...options,
  });
  const send = (path: string, init: RequestInit & { headers?: Record<string, string> } = {}) =>
    simulator.app.request(path, {
      ...init,
      headers: { 'x-api-key': DEFAULT_API_KEY, 'anthropic-version': '2023-06-01', ...init.headers },
    });
  const ask = (
    change: Record<string, unknown> = {},
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ) =>
    send('/v1/messages', {
      method: 'POST',
      body: JSON.stringify({ ...question, ...change }),
      headers,
      ...(signal === undefined ? {} : { signal }),
    });
  return { simulator, send, ask };
}

interface Event {
  type: string;
  [key: string]: unknown;
}

interface Message {
  id: string;
  content: { text: string }[];
  usage: { input_tokens: number; output_tokens: number };
}

async function messageIn(response: Response | Promise<Response>): Promise<Message> {
  return (await (await response).json()) as Message;
}

function eventsIn(text: string): Event[] {
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, json = '']) => JSON.parse(json));
}

describe('the Messages API', () => {
  it('says the same to the same seed and request, as JSON and as a stream, and something else to another seed', async () => {
    const first = await messageIn(opened().ask());
    const again = await messageIn(opened().ask({ metadata: { user_id: 'u' } }));
    const streamed = eventsIn(await (await opened().ask({ stream: true })).text());
    const other = await messageIn(opened({ seed: 2 }).ask());
    expect(again.content).toEqual(first.content);
    expect(streamed.find(({ type }) => type === 'message_delta')?.['usage']).toMatchObject({
      output_tokens: first.usage.output_tokens,
    });
    expect(other.content).not.toEqual(first.content);
  });

  it('gives every message an id of its own, the same ones in the same order for the same seed', async () => {
    const ids = async () => {
      const { ask } = opened();
      return [(await messageIn(ask())).id, (await messageIn(ask())).id];
    };
    const [first, second] = await ids();
    expect(first).not.toBe(second);
    expect(await ids()).toEqual([first, second]);
  });

  it('answers with the headers of the provider', async () => {
    const { simulator, ask } = opened();
    const { headers } = await ask();
    expect(headers.get('request-id')).toMatch(/^req_01/);
    expect(headers.get('anthropic-organization-id')).toBe(simulator.organizationId);
    expect(headers.get('anthropic-workspace-id')).toBe(simulator.defaultWorkspaceId);
    expect(headers.get('anthropic-ratelimit-requests-limit')).toBe('20000');
    expect(headers.get('anthropic-ratelimit-requests-reset')).toBe('2026-11-21T12:35:00Z');
    expect((await ask()).headers.get('anthropic-ratelimit-requests-remaining')).toBe('19999');
    const stream = await ask({ stream: true });
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(stream.headers.get('request-id')).toMatch(/^req_01/);
    await stream.text();
  });

  it.each([
    ['an unknown key', { 'x-api-key': 'nobody' }, 401, 'authentication_error'],
    ['the admin key', { 'x-api-key': DEFAULT_ADMIN_KEY }, 401, 'authentication_error'],
    ['an unknown fault', { 'x-simulator-fault': '530' }, 400, 'invalid_request_error'],
    ['a length that is none', { 'x-simulator-output-tokens': '0' }, 400, 'invalid_request_error'],
  ])('refuses %s in the envelope of the provider', async (_, headers, status, type) => {
    const response = await opened().ask({}, headers);
    expect(response.status).toBe(status);
    expect(response.headers.get('x-should-retry')).toBe('false');
    const body: unknown = await response.json();
    const requestId = response.headers.get('request-id');
    expect(body).toMatchObject({ type: 'error', error: { type }, request_id: requestId });
  });

  it('takes a key as a bearer token as well, and wants a version', async () => {
    const { simulator } = opened();
    const post = (headers: Record<string, string>) =>
      simulator.app.request('/v1/messages', { method: 'POST', body: JSON.stringify(question), headers });
    const bearer = { authorization: `Bearer ${DEFAULT_API_KEY}` };
    expect((await post({ ...bearer, 'anthropic-version': '2023-06-01' })).status).toBe(200);
    expect((await post(bearer)).status).toBe(400);
    expect((await post({ 'anthropic-version': '2023-06-01' })).status).toBe(401);
  });

  it('refuses a body that is no JSON object, and a path it does not have', async () => {
    const { send } = opened();
    for (const body of ['', '{', '[]', '"text"']) {
      expect((await send('/v1/messages', { method: 'POST', body })).status).toBe(400);
    }
    expect(await (await send('/v1/other')).json()).toMatchObject({ error: { type: 'not_found_error' } });
  });

  it('refuses a prompt that is longer than the model reads', async () => {
    const { ask, simulator } = opened();
    const messages = [{ role: 'user', content: 'x'.repeat(700_000) }];
    const refused = await ask({ model: 'claude-haiku-4-5', messages });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('prompt is too long');
    expect(simulator.served().billedAttempts).toBe(0);
  });

  it('counts tokens as it will bill them, and bills nothing for counting', async () => {
    const { send, ask, simulator } = opened();
    const { max_tokens: _, ...counted } = question;
    const response = await send('/v1/messages/count_tokens', {
      method: 'POST',
      body: JSON.stringify(counted),
    });
    const { input_tokens: countedTokens } = (await response.json()) as { input_tokens: number };
    expect(simulator.served()).toMatchObject({ countTokens: 1, billedAttempts: 0, billedUsd: '0' });
    expect((await messageIn(ask())).usage.input_tokens).toBe(countedTokens);
  });

  it('writes a cache, then reads it, per workspace', async () => {
    const apiKeys = [
      { key: 'key-of-one', id: 'apikey_1', workspaceId: 'wrkspc_1' },
      { key: 'key-of-two', id: 'apikey_2', workspaceId: 'wrkspc_2' },
    ];
    const { ask } = opened({ apiKeys });
    const system = [
      { type: 'text', text: 'x'.repeat(5_000), cache_control: { type: 'ephemeral', ttl: '1h' } },
    ];
    const usage = async (key: string) => (await messageIn(ask({ system }, { 'x-api-key': key }))).usage;
    expect(await usage('key-of-one')).toMatchObject({
      cache_creation_input_tokens: 2_000,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 2_000 },
    });
    expect(await usage('key-of-one')).toMatchObject({
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 2_000,
    });
    expect(await usage('key-of-two')).toMatchObject({ cache_read_input_tokens: 0 });
  });
});

describe('a caller that leaves', () => {
  it('is billed for the prompt and for what it had pulled, to the token', async () => {
    const { ask, simulator } = opened();
    const response = await ask({ stream: true }, { 'x-simulator-output-tokens': '400' });
    const reader = response.body?.getReader();
    let text = '';
    // message_start, content_block_start, ping, then five deltas of eight tokens.
    for (let read = 0; read < 8; read += 1) text += new TextDecoder().decode((await reader?.read())?.value);
    await reader?.cancel();
    await simulator.idle();
    const [start] = eventsIn(text);
    const message = start?.['message'] as { usage: { input_tokens: number } } | undefined;
    // 4 and 20 USD per million tokens.
    const expected = BigInt(message?.usage.input_tokens ?? 0) * 4_000_000n + 40n * 20_000_000n;
    expect(simulator.served()).toMatchObject({ abandoned: 1, completed: 0, billedAttempts: 1 });
    expect(simulator.served().billedUsd).toBe(
      `0.${expected.toString().padStart(12, '0').replace(/0+$/, '')}`,
    );
  });

  it('stops generation of a stream that nobody pulls', async () => {
    const { ask, simulator } = opened();
    const left = new AbortController();
    const response = await ask({ stream: true }, {}, left.signal);
    left.abort();
    await simulator.idle();
    expect(simulator.served()).toMatchObject({ abandoned: 1, billedAttempts: 1 });
    await expect(response.text()).rejects.toThrow();
  });

  it('is billed for the prompt when it left before the stream began', async () => {
    const { ask, simulator } = opened();
    const response = await ask({ stream: true }, {}, AbortSignal.abort());
    await simulator.idle();
    expect(simulator.served()).toMatchObject({ abandoned: 1, billedAttempts: 1 });
    await expect(response.text()).rejects.toThrow();
  });

  it('is billed once, also when it leaves after the end', async () => {
    const { ask, simulator } = opened();
    const left = new AbortController();
    const response = await ask({ stream: true }, {}, left.signal);
    await response.text();
    const billed = simulator.served();
    left.abort();
    expect(simulator.served()).toEqual(billed);
    expect(billed).toMatchObject({ completed: 1, abandoned: 0, billedAttempts: 1 });
  });

  it('is billed for a JSON answer that it did not wait for', async () => {
    const { ask, simulator } = opened({ eventDelayMs: 3_600_000 });
    const left = new AbortController();
    const response = ask({}, {}, left.signal);
    setImmediate(() => left.abort());
    await response;
    expect(simulator.served()).toMatchObject({ abandoned: 1, billedAttempts: 1 });
  });
});

describe('faults', () => {
  it.each([
    ['429', 429, 'rate_limit_error'],
    ['500', 500, 'api_error'],
    ['529', 529, 'overloaded_error'],
    ['timeout', 504, 'timeout_error'],
    ['mid-stream-error', 529, 'overloaded_error'],
  ])('%s fails a JSON call as the provider does, and costs nothing', async (fault, status, type) => {
    const { ask, simulator } = opened();
    const response = await ask({}, { 'x-simulator-fault': fault });
    expect(response.status).toBe(status);
    expect(response.headers.get('x-should-retry')).toBe('true');
    expect(await response.json()).toMatchObject({ type: 'error', error: { type } });
    expect(simulator.served()).toMatchObject({
      requests: 1,
      faults: { [fault]: 1 },
      billedAttempts: 0,
      billedUsd: '0',
    });
  });

  it.each(['429', '529'])('%s says when to come back', async (fault) => {
    const { headers } = await opened().ask({}, { 'x-simulator-fault': fault });
    expect([headers.get('retry-after'), headers.get('retry-after-ms')]).toEqual(['1', '20']);
  });

  it('writes no cache for a call that failed', async () => {
    const { ask } = opened();
    const system = [{ type: 'text', text: 'x'.repeat(5_000), cache_control: { type: 'ephemeral' } }];
    await ask({ system }, { 'x-simulator-fault': '529' });
    const { usage } = await messageIn(ask({ system }));
    expect(usage).toMatchObject({ cache_creation_input_tokens: 2_000, cache_read_input_tokens: 0 });
  });

  it('-once fails the first attempt and lets the retry through', async () => {
    const { ask } = opened();
    const fault = { 'x-simulator-fault': '529-once' };
    expect((await ask({}, { ...fault, 'x-stainless-retry-count': '0' })).status).toBe(529);
    expect((await ask({}, { ...fault, 'x-stainless-retry-count': '1' })).status).toBe(200);
  });

  it('mid-stream-error ends a stream after half of it, and bills that half', async () => {
    const { ask, simulator } = opened();
    const headers = { 'x-simulator-fault': 'mid-stream-error', 'x-simulator-output-tokens': '400' };
    const events = eventsIn(await (await ask({ stream: true }, headers)).text());
    expect(events.at(-1)).toMatchObject({ type: 'error', error: { type: 'overloaded_error' } });
    expect(events.filter(({ type }) => type === 'content_block_delta')).toHaveLength(25);
    expect(events.some(({ type }) => type === 'message_delta')).toBe(false);
    expect(simulator.served()).toMatchObject({
      faults: { 'mid-stream-error': 1 },
      completed: 0,
      billedAttempts: 1,
    });
  });

  it('cut breaks the body, of a stream and of a JSON answer, and bills what was generated', async () => {
    const { ask, simulator } = opened();
    for (const stream of [true, false]) {
      const response = await ask({ stream }, { 'x-simulator-fault': 'cut' });
      await expect(response.text()).rejects.toThrow('connection cut');
    }
    expect(simulator.served()).toMatchObject({
      faults: { cut: 2 },
      completed: 0,
      abandoned: 0,
      billedAttempts: 2,
    });
  });

  it('slow only takes longer', async () => {
    const { ask, simulator } = opened();
    expect((await ask({}, { 'x-simulator-fault': 'slow' })).status).toBe(200);
    expect(simulator.served()).toMatchObject({ faults: { slow: 1 }, completed: 1, billedAttempts: 1 });
  });
});

describe('the log', () => {
  it('names ids, counts and status, and never a prompt, an answer or a key', async () => {
    const records: Record<string, unknown>[] = [];
    const { ask, send } = opened({ log: (record) => records.push(record) });
    const { content } = await messageIn(ask());
    await (await ask({ stream: true })).text();
    await ask({ max_tokens: 'a secret prompt' });
    await send('/v1/organizations/cost_report?starting_at=a+secret+prompt');
    const written = JSON.stringify(records);
    expect(records.filter(({ event }) => event === 'answered')).toHaveLength(4);
    expect(records.filter(({ event }) => event === 'generated')).toHaveLength(2);
    for (const secret of ['secret', DEFAULT_API_KEY, content[0]?.text.slice(0, 12) ?? ''])
      expect(written).not.toContain(secret);
  });
});

describe('options', () => {
  it.each([
    [{ extraBilledUsd: '-1' }, 'no amount in USD'],
    [{ seed: 0.5 }, 'seed is 0.5'],
    [{ eventDelayMs: -1 }, 'eventDelayMs is -1'],
    [{ adminKey: DEFAULT_API_KEY }, 'admin key must differ'],
    [
      {
        apiKeys: [
          { key: 'k', id: 'a', workspaceId: null },
          { key: 'k', id: 'b', workspaceId: null },
        ],
      },
      'same secret',
    ],
  ])('%j are refused at once', (options, message) => {
    expect(() => createSimulator(options)).toThrow(message);
  });
});

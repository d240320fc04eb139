import type { APIRequest } from '@anthropic-ai/sdk';
import { type Logger, silentLogger, TallygateError } from '@tallygate/usage';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CallContext } from '../attempt.ts';
import { createMeteredFetch, type MeteredFetchOptions } from './metered-fetch.ts';
import type { FetchInit, FetchInput } from './sight-request.ts';

const URL_TEXT = 'https://api.anthropic.com/v1/messages';
const BODY = '{"model":"claude-haiku-5-5","note":"größer"}';
const BYTES = new TextEncoder().encode(BODY);

interface Sent {
  input: FetchInput;
  init: FetchInit;
  body: string;
  headers: Headers;
}

/** A metered fetch whose meter only writes down what it was shown, over a network that reads what it is sent. */
function rig(options: Partial<MeteredFetchOptions> = {}) {
  const metered: { request: APIRequest; context: CallContext }[] = [];
  const sent: Sent[] = [];
  const inner: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    sent.push({ input, init, body: await request.text(), headers: request.headers });
    return new Response('answer');
  };
  const tallyFetch = createMeteredFetch(
    {
      mode: 'enforce',
      logger: silentLogger,
      middleware: (request, next, context) => {
        metered.push({ request, context });
        return next(request);
      },
      ...options,
    },
    inner,
  );
  return { tallyFetch, metered, sent };
}

const post = (extra: RequestInit = {}): RequestInit => ({ method: 'POST', body: BODY, ...extra });
const streamOf = (bytes: Uint8Array) => new Response(bytes as Uint8Array<ArrayBuffer>).body as ReadableStream;

describe('every form that fetch takes', () => {
  const padded = Buffer.concat([Buffer.from('xx'), BYTES, Buffer.from('yy')]);
  const forms: [string, FetchInput, FetchInit][] = [
    ['a string', URL_TEXT, post()],
    ['a URL', new URL(URL_TEXT), post()],
    ['a query', `${URL_TEXT}?beta=true`, post()],
    ['lower-case method', URL_TEXT, post({ method: 'post' })],
    ['bytes', URL_TEXT, post({ body: BYTES })],
    ['a Buffer', URL_TEXT, post({ body: Buffer.from(BODY) })],
    ['an ArrayBuffer', URL_TEXT, post({ body: new Uint8Array(BYTES).buffer })],
    ['a part of a buffer', URL_TEXT, post({ body: padded.subarray(2, 2 + BYTES.length) })],
    ['a Blob', URL_TEXT, post({ body: new Blob([BODY]) })],
    ['a Request', new Request(URL_TEXT, post()), undefined],
    ['a Request whose method and body init overrides', new Request(URL_TEXT), post()],
    [
      'a Request with a stream',
      new Request(URL_TEXT, post({ body: streamOf(BYTES), duplex: 'half' })),
      undefined,
    ],
  ];

  it.each(forms)('is metered by its text and handed on as it is: %s', async (_name, input, init) => {
    const { tallyFetch, metered, sent } = rig();
    const response = await tallyFetch(input, init);
    expect(await response.text()).toBe('answer');
    expect(metered.map(({ request }) => request.body)).toEqual([BODY]);
    expect(sent).toMatchObject([{ body: BODY }]);
    expect(sent[0]?.input).toBe(input);
    expect(sent[0]?.init).toBe(init);
  });

  it('keeps the signal: what aborts the caller’s request aborts the one that is sent', async () => {
    const controller = new AbortController();
    const { tallyFetch, sent } = rig();
    const request = new Request(URL_TEXT, post({ signal: controller.signal }));
    await tallyFetch(request);
    controller.abort();
    expect(sent[0]?.input).toHaveProperty('signal.aborted', true);
  });

  it.each<[string, FetchInput, RequestInit]>([
    ['another method', URL_TEXT, { method: 'GET' }],
    ['no method', URL_TEXT, {}],
    ['counting', `${URL_TEXT}/count_tokens`, post()],
    ['listing batches', `${URL_TEXT}/batches`, { method: 'GET' }],
    ['elsewhere', 'https://example.org/', post({ body: streamOf(BYTES), duplex: 'half' })],
  ])('passes untouched when nothing of it is billed: %s', async (_name, input, init) => {
    const { tallyFetch, metered, sent } = rig();
    await tallyFetch(input, init);
    expect(metered).toEqual([]);
    expect(sent[0]?.init).toBe(init);
  });

  it('fails as fetch fails when the request was used already', async () => {
    const request = new Request(URL_TEXT, post());
    await request.text();
    await expect(rig().tallyFetch(request)).rejects.toThrow(TypeError);
  });
});

describe('a partner’s own wire', () => {
  const vertexModels =
    'https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/anthropic/models';
  const warned = async (url: string, times = 1) => {
    const warn = vi.fn();
    const { tallyFetch, metered, sent } = rig({ logger: { ...silentLogger, warn } });
    for (let time = 0; time < times; time += 1) await tallyFetch(url, post());
    return [warn.mock.calls.length, metered.length, sent.length];
  };

  it.each([
    'https://bedrock-runtime.eu-west-1.amazonaws.com/model/eu.anthropic.x/invoke',
    'https://bedrock-runtime.eu-west-1.amazonaws.com/model/eu.anthropic.x/invoke-with-response-stream',
    `${vertexModels}/x:rawPredict`,
    `${vertexModels}/x:streamRawPredict`,
  ])('goes on unmetered, and the log says so once: %s', async (url) => {
    expect(await warned(url, 2)).toEqual([1, 0, 2]);
  });

  it('is not mistaken for one when it only counts tokens', async () => {
    expect(await warned(`${vertexModels}/count-tokens:rawPredict`)).toEqual([0, 0, 1]);
  });
});

describe('a body that cannot be read without using it up', () => {
  const unreadable: [string, () => RequestInit][] = [
    ['a stream', () => post({ body: streamOf(BYTES), duplex: 'half' })],
    ['compressed bytes', () => post({ headers: { 'content-encoding': 'gzip' } })],
  ];

  it.each(unreadable)(
    'goes on whole when observing, metered by its answer alone: %s',
    async (_name, init) => {
      const { tallyFetch, metered, sent } = rig({ mode: 'observe' });
      await tallyFetch(URL_TEXT, init());
      expect(metered.map(({ request }) => request.body)).toEqual(['{}']);
      expect(sent).toMatchObject([{ body: BODY }]);
    },
  );

  it.each(unreadable)('is refused by name when enforcing, unsent: %s', async (_name, init) => {
    const { tallyFetch, sent } = rig();
    await expect(tallyFetch(URL_TEXT, init())).rejects.toMatchObject({ code: 'TALLYGATE_REQUEST_INVALID' });
    expect(sent).toEqual([]);
  });
});

describe('the header x-tallygate-attribution', () => {
  const note = '{"team":"support","tags":{"region":"eu"}}';
  const named = { 'X-Tallygate-Attribution': note, 'x-other': 'kept' };
  const forms: [string, FetchInput, RequestInit | undefined][] = [
    ['an object', URL_TEXT, post({ headers: named })],
    ['pairs', URL_TEXT, post({ headers: Object.entries(named) })],
    ['Headers', URL_TEXT, post({ headers: new Headers(named) })],
    ['a Request', new Request(URL_TEXT, post({ headers: named })), undefined],
  ];

  it.each(forms)('attributes the call and stays here: %s', async (_name, input, init) => {
    const { tallyFetch, metered, sent } = rig();
    await tallyFetch(input, init);
    expect(metered[0]?.context.options?.attribution).toEqual({ team: 'support', tags: { region: 'eu' } });
    expect([sent[0]?.headers.get('x-tallygate-attribution'), sent[0]?.headers.get('x-other')]).toEqual([
      null,
      'kept',
    ]);
    expect(sent[0]?.body).toBe(BODY);
  });

  it.each<[string, Partial<MeteredFetchOptions>, string]>([
    ['when the meter is off', { mode: 'off' }, URL_TEXT],
    ['on requests that are not metered', {}, `${URL_TEXT}/count_tokens`],
  ])('stays here also %s', async (_name, options, url) => {
    const { tallyFetch, metered, sent } = rig(options);
    await tallyFetch(url, post({ headers: named }));
    expect(metered).toEqual([]);
    expect(sent[0]?.headers.has('x-tallygate-attribution')).toBe(false);
  });

  it('leaves the caller’s own headers as they were', async () => {
    const headers = new Headers(named);
    await rig().tallyFetch(URL_TEXT, post({ headers }));
    expect(headers.get('x-tallygate-attribution')).toBe(note);
  });

  const wrong = [
    'support',
    '[]',
    'null',
    '{"taem":"secret-name"}',
    '{"team":7}',
    '{"tags":{"a":1}}',
    '{"tags":"a"}',
  ];

  it.each(wrong)('is refused when enforcing, without its values: %s', async (text) => {
    const { tallyFetch, sent } = rig();
    const call = tallyFetch(URL_TEXT, post({ headers: { 'x-tallygate-attribution': text } }));
    const error: unknown = await call.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'TALLYGATE_REQUEST_INVALID' });
    expect(String(error)).not.toContain('secret-name');
    expect(sent).toEqual([]);
  });

  it('is reported and passed over when observing: nothing of ours may fail a call', async () => {
    const warn = vi.fn();
    const logger: Logger = { ...silentLogger, warn };
    const { tallyFetch, metered } = rig({ mode: 'observe', logger });
    await tallyFetch(URL_TEXT, post({ headers: { 'x-tallygate-attribution': 'support' } }));
    expect(metered[0]?.context.options?.attribution).toBeUndefined();
    expect(warn).toHaveBeenCalledOnce();
  });
});

describe('what an SDK says of its tries', () => {
  it('numbers the attempt and bounds its hold', async () => {
    const { tallyFetch, metered } = rig();
    const headers = { 'x-stainless-retry-count': '2', 'x-stainless-timeout': '900' };
    await tallyFetch(URL_TEXT, post({ headers }));
    expect(metered[0]?.context).toMatchObject({ earlierTries: 2, options: { timeout: 900_000 } });
  });

  it('counts for nothing when it is no number', async () => {
    const { tallyFetch, metered } = rig();
    await tallyFetch(
      URL_TEXT,
      post({ headers: { 'x-stainless-retry-count': '-1', 'x-stainless-timeout': 'x' } }),
    );
    expect(metered[0]?.context).toEqual({ earlierTries: 0, options: {} });
  });
});

describe('a refusal of ours', () => {
  const outage = new TallygateError('TALLYGATE_GATE_UNAVAILABLE', { message: 'The gate is away.' });
  const refusing = { middleware: () => Promise.reject(outage) };

  it('is thrown to a caller of fetch', async () => {
    await expect(rig(refusing).tallyFetch(URL_TEXT, post())).rejects.toBe(outage);
  });

  it('is answered to an SDK, which would take a throw for a lost connection and retry it', async () => {
    const headers = { 'x-stainless-lang': 'js' };
    const response = await rig(refusing).tallyFetch(URL_TEXT, post({ headers }));
    expect([response.status, response.headers.get('x-should-retry')]).toEqual([503, 'false']);
    expect(await response.json()).toEqual({
      type: 'error',
      error: { type: 'TALLYGATE_GATE_UNAVAILABLE', message: outage.message },
    });
  });

  it('is never made of a failure of the network', async () => {
    const failure = new TypeError('fetch failed');
    const { tallyFetch } = rig({ middleware: () => Promise.reject(failure) });
    await expect(tallyFetch(URL_TEXT, post({ headers: { 'x-stainless-lang': 'js' } }))).rejects.toBe(failure);
  });
});

describe('without an inner fetch', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('sends by the global one as it is at the time of the call', async () => {
    const options: MeteredFetchOptions = {
      mode: 'off',
      logger: silentLogger,
      middleware: (request, next) => next(request),
    };
    const tallyFetch = createMeteredFetch(options);
    vi.stubGlobal('fetch', async () => new Response('stubbed later'));
    expect(await (await tallyFetch(URL_TEXT)).text()).toBe('stubbed later');
  });
});

import type { APIRequest } from '@anthropic-ai/sdk';
import { TallygateError } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { beginAttempt, createsMessage } from './attempt.ts';
import { apiKeyHint, backendOf } from './provider-headers.ts';
import { errorCodeOf, wasSurelyNotSent } from './send-errors.ts';
import { wrapClient } from './wrap.ts';

const request = (url: string, headers: Record<string, string> = {}, method = 'POST') =>
  ({ url, method, headers: new Headers(headers) }) as APIRequest;

describe('which requests are metered', () => {
  it.each([
    ['https://api.anthropic.com/v1/messages', 'POST', true],
    ['https://api.anthropic.com/v1/messages?beta=true', 'POST', true],
    ['http://127.0.0.1:9/prefix/v1/messages', 'post', true],
    ['https://api.anthropic.com/v1/messages/count_tokens', 'POST', false],
    ['https://api.anthropic.com/v1/messages/batches', 'POST', false],
    ['https://api.anthropic.com/v1/messages', 'GET', false],
  ])('%s by %s: %s', (url, method, expected) => {
    expect(createsMessage(request(url, {}, method))).toBe(expected);
  });
});

describe('identity of attempts', () => {
  it('tries of one call share its id and count up; another call starts anew', () => {
    const context = { options: {} } as Parameters<typeof beginAttempt>[0];
    const [first, second] = [beginAttempt(context), beginAttempt(context)];
    const other = beginAttempt({ options: {} } as typeof context);
    expect([first.attemptNumber, second.attemptNumber, other.attemptNumber]).toEqual([1, 2, 1]);
    expect(first.callId).toBe(second.callId);
    expect(other.callId).not.toBe(first.callId);
    expect(first.attemptId).toBe(first.callId);
    expect(new Set([first, second, other].map(({ attemptId }) => attemptId)).size).toBe(3);
  });
});

describe('what leaves the meter of a key', () => {
  it('is the provider’s own hint form, and nothing at all of a short key', () => {
    const key = `sk-ant-api03-R2D${'x'.repeat(60)}igAA`;
    expect(apiKeyHint(request('https://a', { 'x-api-key': key }))).toBe('sk-ant-api03-R2D...igAA');
    expect(apiKeyHint(request('https://a', { authorization: `Bearer ${key}` }))).toBe(
      'sk-ant-api03-R2D...igAA',
    );
    expect(apiKeyHint(request('https://a', { 'x-api-key': 'short-key' }))).toBeNull();
    expect(apiKeyHint(request('https://a', { authorization: `Bearer ${'session'.repeat(20)}` }))).toBeNull();
  });
});

describe('the backend', () => {
  it.each([
    ['https://api.anthropic.com/v1/messages', 'anthropic'],
    ['https://bedrock-runtime.eu-west-1.amazonaws.com/v1/messages', 'bedrock'],
    ['https://us-east5-aiplatform.googleapis.com/v1/v1/messages', 'vertex'],
    ['https://aiplatform.googleapis.com/v1/messages', 'vertex'],
    ['https://acme.services.ai.azure.com/anthropic/v1/messages', 'foundry'],
    ['https://amazonaws.com.example.org/v1/messages', 'anthropic'],
  ])('%s is %s', (url, backend) => {
    expect(backendOf(request(url))).toBe(backend);
  });
});

describe('failures to send', () => {
  const failed = (code: string) =>
    Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error(code), { code }) });

  it('are free only when the request certainly never left', () => {
    expect([wasSurelyNotSent(failed('ECONNREFUSED')), wasSurelyNotSent(failed('ECONNRESET'))]).toEqual([
      true,
      false,
    ]);
    expect(wasSurelyNotSent(new DOMException('gone', 'AbortError'))).toBe(false);
  });

  it('are named without their message, which may quote a request', () => {
    expect([
      errorCodeOf(failed('ECONNRESET')),
      errorCodeOf(new DOMException('x', 'AbortError')),
      errorCodeOf('odd'),
    ]).toEqual(['ECONNRESET', 'aborted', 'error']);
  });

  it('survive causes that point at each other', () => {
    const loop: { cause?: unknown } = {};
    loop.cause = loop;
    expect(errorCodeOf(loop)).toBe('error');
  });
});

describe('wrapping a client', () => {
  const middleware = async () => new Response();

  it('refuses by name what has no middleware option', () => {
    for (const client of [null, {}, { withOptions: () => null }, new Map()]) {
      expect(() => wrapClient(client, middleware)).toThrow(TallygateError);
    }
  });

  it('adds ours last, and nothing the second time', () => {
    const theirs = async () => new Response();
    const client = (existing: unknown[]) => ({
      middleware: existing,
      withOptions: (options: { middleware: unknown[] }) => client(options.middleware),
    });
    const wrapped = wrapClient(client([theirs]), middleware);
    expect(wrapped.middleware).toEqual([theirs, middleware]);
    expect(wrapClient(wrapped, async () => new Response())).toBe(wrapped);
  });
});

import type { APIRequest } from '@anthropic-ai/sdk';
import { describe, expect, it } from 'vitest';
import { readRequestFacts } from './request-facts.ts';

function factsOf(body: unknown) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return readRequestFacts({
    url: 'https://api.anthropic.com/v1/messages',
    method: 'POST',
    headers: new Headers(),
    body: text,
  } as APIRequest);
}

const base = { model: 'claude-haiku-5-5', max_tokens: 100, messages: [{ role: 'user', content: 'hello' }] };

describe('facts of a request for its estimate', () => {
  it('are null for a body that is no JSON object, which the provider will refuse', () => {
    expect([factsOf('nonsense'), factsOf('[]'), factsOf('null')]).toEqual([null, null, null]);
  });

  it('name the model, the bound on output and whether it streams', () => {
    expect(factsOf({ ...base, stream: true, speed: 'fast', inference_geo: 'us' })).toMatchObject({
      model: 'claude-haiku-5-5',
      maxOutputTokens: 100,
      streamed: true,
      speed: 'fast',
      inferenceGeo: 'us',
    });
  });

  it('estimate at least one token for each 2.5 bytes of the request, in any script', () => {
    const text = '見積もりは上限でなければならない。'.repeat(200);
    const bytes = Buffer.byteLength(text);
    expect(factsOf({ ...base, messages: [{ role: 'user', content: text }] })?.promptTokens).toBeGreaterThan(
      bytes / 2.5,
    );
  });

  it('take the dearest cache write that the request can cause', () => {
    const cached = (control: object) => ({
      ...base,
      system: [{ type: 'text', text: 'x', cache_control: control }],
    });
    expect(factsOf(base)?.cacheWriteTtl).toBeNull();
    expect(factsOf(cached({ type: 'ephemeral' }))?.cacheWriteTtl).toBe('5m');
    expect(factsOf(cached({ type: 'ephemeral', ttl: '1h' }))?.cacheWriteTtl).toBe('1h');
  });

  it('bound web searches by max_uses, and by ten where there is none', () => {
    const tools = (extra: object) => ({
      ...base,
      tools: [{ type: 'web_search_20250305', name: 'web_search', ...extra }],
    });
    expect(factsOf(tools({ max_uses: 3 }))).toMatchObject({ webSearchMaxUses: 3, iterations: 4 });
    expect(factsOf(tools({}))).toMatchObject({ webSearchMaxUses: 10, iterations: 11 });
    expect(factsOf({ ...base, tools: [{ name: 'mine', input_schema: {} }] })).toMatchObject({
      webSearchMaxUses: 0,
      iterations: 1,
    });
  });
});

import { describe, expect, it } from 'vitest';
import { findModel, type Model } from '../models.ts';
import { segmentsOf, totalTokens } from './prompt.ts';
import { charactersIn, tokensOf } from './tokens.ts';

function served(name: string): Model {
  const model = findModel(name, '2026-11-21');
  if (model === null) throw new Error(`${name} is not served`);
  return model;
}

const opus = served('claude-opus-5-5');
const user = (content: unknown) => ({ messages: [{ role: 'user', content }] });
const marked = (text: string, ttl?: string) => ({
  type: 'text',
  text,
  cache_control: ttl === undefined ? { type: 'ephemeral' } : { type: 'ephemeral', ttl },
});

describe('the prompt', () => {
  it('is cut in the order in which it is cached: tools, system, messages', () => {
    const segments = segmentsOf(
      { tools: [{ name: 't', input_schema: {} }], system: [marked('s')], ...user([marked('u', '5m')]) },
      opus,
    );
    expect(segments.map(({ breakpoint }) => breakpoint)).toEqual([null, '5m', '5m']);
  });

  it('has the same prefix hash wherever its breakpoints stand, and however a text is spelt', () => {
    const hash = (body: Record<string, unknown>) => segmentsOf(body, opus).at(-1)?.prefixHash;
    expect(hash(user('hello'))).toBe(hash(user([marked('hello', '1h')])));
    expect(hash(user([{ text: 'hello', type: 'text' }]))).toBe(hash(user([{ type: 'text', text: 'hello' }])));
    expect(hash(user('hello'))).not.toBe(hash(user('hello!')));
    expect(hash({ system: 'hello', ...user('x') })).not.toBe(hash(user('x')));
  });

  it('takes a marker of the request as one on its last block', () => {
    const segments = segmentsOf(
      { ...user('hello'), system: 's', cache_control: { type: 'ephemeral' } },
      opus,
    );
    expect(segments.map(({ breakpoint }) => breakpoint)).toEqual([null, '5m']);
  });

  it('refuses a fifth breakpoint, and an hour after five minutes', () => {
    expect(() => segmentsOf(user(['a', 'b', 'c', 'd', 'e'].map((text) => marked(text))), opus)).toThrow(
      'Found 5.',
    );
    expect(() => segmentsOf(user([marked('a', '5m'), marked('b', '1h')]), opus)).toThrow("ttl='1h'");
    expect(() => segmentsOf(user([marked('a', '1h'), marked('b', '5m')]), opus)).not.toThrow();
  });

  it('counts more tokens for the same text on newer models', () => {
    const body = user('x'.repeat(1_000));
    expect(totalTokens(segmentsOf(body, opus))).toBe(404);
    expect(totalTokens(segmentsOf(body, served('claude-haiku-4-5')))).toBe(299);
  });

  it('counts what a tool answered, and an image alike whatever is on it', () => {
    const result = {
      type: 'tool_result',
      tool_use_id: 't',
      content: [{ type: 'text', text: 'x'.repeat(50) }],
    };
    expect(totalTokens(segmentsOf(user([result]), opus))).toBe(24);
    expect(totalTokens(segmentsOf(user([{ type: 'image', source: {} }]), opus))).toBe(1_504);
  });
});

describe('counting', () => {
  it.each(['claude-opus-5-5', 'claude-haiku-4-5'])(
    'gives back the tokens a text was made for, on %s',
    (name) => {
      const model = served(name);
      for (let tokens = 0; tokens <= 2_000; tokens += 1) {
        expect(tokensOf('x'.repeat(charactersIn(tokens, model)), model)).toBe(tokens);
      }
    },
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import { type Answer, planAnswer } from './answer.ts';
import { eventsOf, type StreamEvent, wholeMessage } from './events.ts';
import { readMessageRequest } from './request.ts';
import { tokensOf } from './tokens.ts';
import { NO_PROGRESS } from './usage.ts';

const weather = {
  name: 'weather',
  input_schema: {
    type: 'object',
    properties: {
      city: { type: 'string' },
      days: { type: 'integer', minimum: 1, maximum: 7 },
      unit: { enum: ['celsius', 'fahrenheit'] },
      exact: { type: ['boolean', 'null'] },
      stops: { type: 'array', items: { type: 'object', properties: { name: { const: 'here' } } } },
    },
  },
};
const search = { type: 'web_search_20250305', name: 'web_search', max_uses: 2 };

function answered(change: Record<string, unknown> = {}, wantedTokens: number | null = null, seed = 'seed') {
  const body = {
    model: 'claude-opus-5-5',
    max_tokens: 4_000,
    messages: [{ role: 'user', content: 'hi' }],
    ...change,
  };
  const request = readMessageRequest(body, '2026-11-21');
  const answer = planAnswer({ request, random: createRandom(seed), wantedTokens });
  const input = { uncached: 7, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0 };
  return { id: 'msg_1', request, input, answer };
}

const kinds = ({ blocks }: Answer) => blocks.map(({ kind }) => kind);
const outputTokens = ({ blocks }: Answer) => blocks.reduce((sum, block) => sum + block.outputTokens, 0);

describe('an answer', () => {
  it('is as long as the caller asks for, and cut off at max_tokens', () => {
    expect(answered({}, 300).answer).toMatchObject({
      stopReason: 'end_turn',
      blocks: [{ outputTokens: 300 }],
    });
    expect(answered({ max_tokens: 299 }, 300).answer).toMatchObject({
      stopReason: 'max_tokens',
      blocks: [{ outputTokens: 299 }],
    });
    expect(answered({ max_tokens: 300 }, 300).answer.stopReason).toBe('end_turn');
  });

  it('counts its text as the tokens it says', () => {
    const { answer, request } = answered({}, 123);
    const [block] = answer.blocks;
    expect(block?.kind === 'text' && tokensOf(block.text, request.model)).toBe(123);
  });

  it('thinks first, in a signed block whose summary is shorter than what is billed', () => {
    const { answer, request } = answered({ thinking: { type: 'enabled', budget_tokens: 1_024 } });
    expect(kinds(answer)).toEqual(['thinking', 'text']);
    const [block] = answer.blocks;
    if (block?.kind !== 'thinking') throw new Error('no thinking');
    expect(block.signature.length).toBeGreaterThan(300);
    expect(tokensOf(block.text, request.model)).toBeLessThan(block.outputTokens);
  });

  it('bills thinking that the caller does not want to see', () => {
    const { answer } = answered({ thinking: { type: 'adaptive', display: 'omitted' } });
    expect(answer.blocks[0]).toMatchObject({ kind: 'thinking', text: '' });
    expect(answer.blocks[0]?.outputTokens).toBeGreaterThan(0);
  });

  it('calls a tool with arguments of its schema, and answers in words once it has the result', () => {
    const { answer } = answered({ tools: [weather] });
    expect(answer.stopReason).toBe('tool_use');
    const call = answer.blocks.at(-1);
    if (call?.kind !== 'tool_use') throw new Error('no call');
    expect(call.name).toBe('weather');
    expect(Object.keys(call.input)).toEqual(['city', 'days', 'unit', 'exact', 'stops']);
    expect(call.input['days']).toSatisfy((days: number) => Number.isInteger(days) && days >= 1 && days <= 7);
    expect(['celsius', 'fahrenheit']).toContain(call.input['unit']);
    expect(call.input['stops']).toEqual([{ name: 'here' }]);
    const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'sun' }] };
    expect(kinds(answered({ tools: [weather], messages: [result] }).answer)).toEqual(['text']);
  });

  it('obeys the tool choice', () => {
    const tools = [weather, { name: 'other', input_schema: {} }];
    expect(kinds(answered({ tools, tool_choice: { type: 'none' } }).answer)).toEqual(['text']);
    const named = answered({ tools, tool_choice: { type: 'tool', name: 'other' } }).answer.blocks.at(-1);
    expect(named).toMatchObject({ kind: 'tool_use', name: 'other', input: {} });
  });

  it('never begins a tool call that max_tokens does not let it finish', () => {
    const { answer } = answered({ tools: [weather], max_tokens: 5 });
    expect(answer.stopReason).toBe('max_tokens');
    expect(kinds(answer)).toEqual(['text']);
  });

  it('searches the web when it may, and at most as often as it may', () => {
    for (const seed of ['a', 'b', 'c', 'd', 'e']) {
      const many = kinds(answered({ tools: [search] }, null, seed).answer).filter(
        (kind) => kind === 'web_search',
      );
      expect(many.length).toBeGreaterThanOrEqual(1);
      expect(many.length).toBeLessThanOrEqual(2);
    }
    expect(kinds(answered({ tools: [{ ...search, max_uses: 1 }] }).answer)).toEqual(['web_search', 'text']);
  });

  it('stays within max_tokens whatever is asked for', () => {
    const requests = fc.record({
      max_tokens: fc.integer({ min: 1, max: 2_000 }),
      tools: fc.subarray<object>([weather, search]),
      thinking: fc.constantFrom({ type: 'disabled' }, { type: 'adaptive' }),
    });
    fc.assert(
      fc.property(
        requests,
        fc.string(),
        fc.option(fc.integer({ min: 1, max: 3_000 })),
        (change, seed, wanted) => {
          const { answer } = answered(change, wanted, seed);
          expect(outputTokens(answer)).toBeGreaterThan(0);
          expect(outputTokens(answer)).toBeLessThanOrEqual(change.max_tokens);
        },
      ),
      { seed: 20261121 },
    );
  });
});

/** Puts a stream together again the way any client does. */
function assemble(events: StreamEvent[]): Record<string, unknown>[] {
  const blocks: Record<string, unknown>[] = [];
  const json = new Map<number, string>();
  for (const { type, data } of events) {
    const index = Number(data['index']);
    if (type === 'content_block_start') blocks[index] = { ...(data['content_block'] as object) };
    if (type !== 'content_block_delta') continue;
    const { type: _, ...delta } = data['delta'] as Record<string, string>;
    for (const [field, text] of Object.entries(delta)) {
      if (field === 'partial_json') json.set(index, (json.get(index) ?? '') + text);
      else blocks[index] = { ...blocks[index], [field]: `${blocks[index]?.[field]}${text}` };
    }
  }
  for (const [index, text] of json) blocks[index] = { ...blocks[index], input: JSON.parse(text) };
  return blocks;
}

describe('the stream of an answer', () => {
  const everything = { thinking: { type: 'adaptive' }, tools: [search, weather] };

  it('adds up to the very message that the JSON answer holds', () => {
    const message = answered(everything);
    const events = [...eventsOf(message)];
    const whole = wholeMessage(message, events.at(-1)?.progress ?? NO_PROGRESS);
    expect(assemble(events)).toEqual(whole['content']);
    expect(events.at(-2)?.data['usage']).toMatchObject({
      output_tokens: outputTokens(message.answer),
      input_tokens: (whole['usage'] as Record<string, number>)['input_tokens'],
    });
  });

  it('has the order of events that clients rely on', () => {
    const types = [...eventsOf(answered(everything))].map(({ type }) => type);
    expect(types.slice(0, 3)).toEqual(['message_start', 'content_block_start', 'ping']);
    expect(types.slice(-2)).toEqual(['message_delta', 'message_stop']);
    expect(types.filter((type) => type === 'content_block_delta').length).toBeGreaterThan(10);
  });

  it('splits cache writes in message_start only, and counts output in message_delta only', () => {
    const [start, ...rest] = [...eventsOf(answered({}, 100))];
    const message = start?.data['message'] as { usage: Record<string, unknown> };
    expect(message.usage).toMatchObject({
      cache_creation: { ephemeral_5m_input_tokens: 0 },
      service_tier: 'standard',
    });
    expect(message.usage['output_tokens']).toBeLessThan(10);
    const usage = rest.at(-2)?.data['usage'] as Record<string, unknown>;
    expect(usage['output_tokens']).toBe(100);
    expect(usage).not.toHaveProperty('cache_creation');
    expect(usage).not.toHaveProperty('service_tier');
  });

  it('never goes back in progress, and thinking is part of output', () => {
    let last = NO_PROGRESS;
    for (const { progress } of eventsOf(answered(everything))) {
      expect(progress.outputTokens).toBeGreaterThanOrEqual(last.outputTokens);
      expect(progress.searchResultTokens).toBeGreaterThanOrEqual(last.searchResultTokens);
      expect(progress.thinkingTokens).toBeLessThanOrEqual(progress.outputTokens);
      last = progress;
    }
    expect(last.webSearches).toBeGreaterThan(0);
    expect(last.thinkingTokens).toBeGreaterThan(0);
  });
});

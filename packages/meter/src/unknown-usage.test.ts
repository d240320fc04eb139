import { describe, expect, it } from 'vitest';
import { type Answer, emptyAnswer, type ProviderUsage } from './answer.ts';
import { unknownUsage, unknownValueFlags } from './unknown-usage.ts';

const EVERYTHING_KNOWN: ProviderUsage = {
  input_tokens: 10,
  output_tokens: 2,
  cache_creation_input_tokens: 3,
  cache_read_input_tokens: 4,
  cache_creation: { ephemeral_5m_input_tokens: 1, ephemeral_1h_input_tokens: 2 },
  output_tokens_details: { thinking_tokens: 1 },
  server_tool_use: { web_search_requests: 1, web_fetch_requests: 0 },
  service_tier: 'standard',
  speed: 'fast',
  inference_geo: 'us',
  iterations: [
    {
      type: 'compaction',
      input_tokens: 1,
      output_tokens: 1,
      cache_creation: { ephemeral_1h_input_tokens: 2 },
    },
    { type: 'message', model: 'claude-opus-5-5', input_tokens: 9, output_tokens: 1 },
  ],
};
const answerWith = (usage: ProviderUsage | null, changes: Partial<Answer> = {}): Answer => ({
  ...emptyAnswer(),
  usage,
  ...changes,
});
const unknownIn = (changes: ProviderUsage) =>
  unknownUsage(answerWith({ ...EVERYTHING_KNOWN, ...changes }), 'anthropic');

describe('what this version does not understand', () => {
  it('is nothing in an answer as they come today, nor where there was none', () => {
    expect(unknownIn({})).toBeNull();
    expect(unknownIn({ fallback_credit: null, service_tier: null })).toBeNull();
    expect(unknownUsage(emptyAnswer(), 'anthropic')).toBeNull();
  });

  it.each<[string, ProviderUsage, Record<string, unknown>]>([
    ['a field', { thought_credits: 7 }, { thought_credits: 7 }],
    ['an object', { loyalty_credit: { tokens: 7 } }, { loyalty_credit: { tokens: 7 } }],
    [
      'a lifetime of cache writes',
      { cache_creation: { ephemeral_5m_input_tokens: 1, ephemeral_1d_input_tokens: 5 } },
      { 'cache_creation.ephemeral_1d_input_tokens': 5 },
    ],
    [
      'a tool that is counted',
      { server_tool_use: { web_search_requests: 1, container_hours: 2 } },
      { 'server_tool_use.container_hours': 2 },
    ],
    [
      'a field of iterations, once per iteration that has it',
      { iterations: [{ type: 'message', effort: 1 }, { type: 'message' }, { type: 'message', effort: 3 }] },
      { 'iterations.effort': [1, 3] },
    ],
    [
      'a field two levels down',
      { iterations: [{ type: 'message', cache_creation: { ephemeral_1d_input_tokens: 5 } }] },
      { 'iterations.cache_creation.ephemeral_1d_input_tokens': [5] },
    ],
    ['a count that is text', { output_tokens: '500' }, { output_tokens: '500' }],
    ['a count below zero', { input_tokens: -5 }, { input_tokens: -5 }],
    [
      'a fraction of a search',
      { server_tool_use: { web_search_requests: 0.5 } },
      { 'server_tool_use.web_search_requests': 0.5 },
    ],
    ['a word that became a number', { speed: 2 }, { speed: 2 }],
    ['a known object that became something else', { cache_creation: 12 }, { cache_creation: 12 }],
    ['a name that every object has', { constructor: 1 }, { constructor: 1 }],
    ['a service tier', { service_tier: 'flex' }, { service_tier: 'flex' }],
    ['a speed', { speed: 'turbo' }, { speed: 'turbo' }],
    ['a geography', { inference_geo: 'eu' }, { inference_geo: 'eu' }],
    ['a kind of iteration', { iterations: [{ type: 'judge' }] }, { 'iterations.type': 'judge' }],
  ])('is kept as it came: %s', (_what, changes, unknown) => {
    expect(unknownIn(changes)).toEqual(unknown);
  });

  it('includes a stop reason, which stands outside the usage', () => {
    const answer = answerWith(null, { stopReason: 'budget_reached' });
    expect(unknownUsage(answer, 'anthropic')).toEqual({ stop_reason: 'budget_reached' });
  });

  it('does not include the regions of a partner', () => {
    const answer = answerWith({ inference_geo: 'europe-west1' });
    expect(unknownUsage(answer, 'vertex')).toBeNull();
    expect(unknownUsage(answer, 'foundry')).toEqual({ inference_geo: 'europe-west1' });
  });

  it('is flagged on the line where a value may have changed what it costs or means', () => {
    const answer = answerWith({ speed: 'turbo', service_tier: 'flex' }, { stopReason: 'budget_reached' });
    expect(unknownValueFlags(answer, 'anthropic', 'judge')).toEqual([
      'unknown_speed',
      'unknown_stop_reason',
      'unknown_line_type',
    ]);
    expect(unknownValueFlags(answerWith(EVERYTHING_KNOWN), 'anthropic', 'compaction')).toEqual([]);
  });
});

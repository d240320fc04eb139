import type {
  BetaMessageParam,
  MessageCreateParamsNonStreaming,
} from '@anthropic-ai/sdk/resources/beta/messages';
import { contractedCostNanoUsd } from '@tallygate/usage';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FABLE, iteration, OPUS, SONNET } from './billing-case.ts';
import { type Provider, startApplication, startProvider } from './billing-rig.ts';
import type { ProviderMessage } from './provider-message.ts';

/** 25,000 bytes of text: 10,000 tokens to the newer tokenizers. */
const PROMPT_TOKENS = 10_000;
const MESSAGES: BetaMessageParam[] = [{ role: 'user', content: 'some '.repeat(5_000) }];
const MAX_OUTPUT_TOKENS = 1_000;

interface Case {
  what: string;
  request: Partial<MessageCreateParamsNonStreaming> & { model: string };
  answer: ProviderMessage;
}

const pass = (type: string, model: string | null, output = MAX_OUTPUT_TOKENS) =>
  iteration(type, model, PROMPT_TOKENS, output);
const answerOf = (model: string, ...iterations: ReturnType<typeof pass>[]): ProviderMessage => ({
  model,
  usage: { input_tokens: PROMPT_TOKENS, output_tokens: MAX_OUTPUT_TOKENS, iterations },
});

const CASES: Case[] = [
  {
    what: 'one answer of full length',
    request: { model: OPUS },
    answer: answerOf(OPUS, pass('message', OPUS)),
  },
  {
    what: 'an answer in fast mode that a workspace pins to the US',
    request: { model: OPUS, speed: 'fast' },
    answer: {
      model: OPUS,
      usage: {
        input_tokens: PROMPT_TOKENS,
        output_tokens: MAX_OUTPUT_TOKENS,
        speed: 'fast',
        inference_geo: 'us',
      },
    },
  },
  {
    what: 'a prompt that is written to the cache for an hour',
    request: {
      model: OPUS,
      system: [{ type: 'text', text: 'Brief.', cache_control: { type: 'ephemeral', ttl: '1h' } }],
    },
    answer: {
      model: OPUS,
      usage: {
        input_tokens: 0,
        cache_creation_input_tokens: PROMPT_TOKENS,
        cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: PROMPT_TOKENS },
        output_tokens: MAX_OUTPUT_TOKENS,
      },
    },
  },
  {
    what: 'a loop of two web searches',
    request: { model: OPUS, tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 2 }] },
    answer: {
      model: OPUS,
      usage: {
        input_tokens: 3 * PROMPT_TOKENS,
        output_tokens: MAX_OUTPUT_TOKENS,
        server_tool_use: { web_search_requests: 2, web_fetch_requests: 0 },
      },
    },
  },
  {
    what: 'a fallback after a decline in the middle of its output',
    request: { model: FABLE, fallbacks: [{ model: OPUS }] },
    answer: answerOf(OPUS, pass('message', FABLE), pass('fallback_message', OPUS)),
  },
  {
    what: 'an advisor',
    request: {
      model: SONNET,
      tools: [{ type: 'advisor_20260301', name: 'advisor', model: FABLE, max_uses: 1 }],
    },
    answer: answerOf(SONNET, pass('message', SONNET), pass('advisor_message', FABLE)),
  },
  {
    what: 'a compaction',
    request: { model: OPUS, context_management: { edits: [{ type: 'compact_20260112' }] } },
    answer: answerOf(OPUS, pass('compaction', null), pass('message', OPUS)),
  },
  {
    what: 'a loop of two web fetches',
    request: { model: OPUS, tools: [{ type: 'web_fetch_20250910', name: 'web_fetch', max_uses: 2 }] },
    answer: answerOf(OPUS, pass('message', OPUS, 0), pass('message', OPUS, 0), pass('message', OPUS)),
  },
];

let provider: Provider;
beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider.close());

async function chargedAndHeld({ request, answer }: Case) {
  provider.answers = [answer];
  const { claude, gate, events, close } = startApplication(provider.url, Date.parse('2026-11-20T12:00:00Z'));
  const reserve = vi.spyOn(gate, 'reserve');
  await claude.beta.messages.create({ max_tokens: MAX_OUTPUT_TOKENS, messages: MESSAGES, ...request });
  await close();
  const [event] = events;
  const worst = reserve.mock.calls.at(-1)?.[0].worstNanoUsd;
  if (!event || worst === undefined) throw new Error('nothing was held or recorded');
  return { charged: contractedCostNanoUsd(event), worst };
}

async function expectBounded(found: Case): Promise<void> {
  const { charged, worst } = await chargedAndHeld(found);
  expect(charged).toBeLessThanOrEqual(worst);
}

describe('the hold covers what a request can cost at most', () => {
  it.each(CASES.map((found) => [found.what, found] as const))('%s', (_what, found) => expectBounded(found));
});

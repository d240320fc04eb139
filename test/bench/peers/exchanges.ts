/** How the application reads the answer. `left` = it breaks out of the loop over a stream after its 40 text deltas. */
export type Reading = 'whole' | 'streamed' | 'left';

/** One HTTP answer of the provider: a body, or the events of a stream. */
export interface StagedAnswer {
  status: number;
  body?: unknown;
  events?: readonly Record<string, unknown>[];
}

/**
 * One call, what the provider answers (an answer for each attempt), and what the provider charges for it.
 * All of it is made up, in the shapes that the provider documents.
 */
export interface Exchange {
  name: string;
  title: string;
  model: string;
  reading: Reading;
  answers: readonly StagedAnswer[];
  /** Nano-USD, worked out by hand from the list of 2026-11-20: one token at $1 per million is 1,000 nano-USD. */
  truth: { nanoUsd: bigint } | { atLeastNanoUsd: bigint; atMostNanoUsd: bigint };
}

/** Noon of the day whose prices the truths are worked out by. */
export const PRICED_AT_MS = Date.parse('2026-11-20T12:00:00Z');

export const MAX_TOKENS = 1024;

const TEXT = { type: 'text', text: 'Made up.' };
const NO_CACHE = { cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };
const SERVED = { service_tier: 'standard', speed: 'standard', inference_geo: 'global' };

function message(model: string, usage: Record<string, unknown>, content: readonly unknown[] = [TEXT]) {
  const id = `msg_${model}`;
  const body = { id, type: 'message', role: 'assistant', model, content, stop_reason: 'end_turn' };
  return { status: 200, body: { ...body, stop_sequence: null, usage: { ...NO_CACHE, ...SERVED, ...usage } } };
}

function opening(model: string, usage: Record<string, unknown>) {
  const { body } = message(model, usage, []);
  return [
    { type: 'message_start', message: { ...body, stop_reason: null } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  ];
}

function textDeltas(count: number) {
  const event = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ' word' } };
  return Array.from({ length: count }, () => event);
}

function delta(usage: Record<string, unknown>, stopReason: string | null) {
  return { type: 'message_delta', delta: { stop_reason: stopReason, stop_sequence: null }, usage };
}

const STOPPED = [{ type: 'content_block_stop', index: 0 }];

export const EXCHANGES: readonly Exchange[] = [
  {
    name: 'cache-lifetimes',
    title: 'cache writes of 5 minutes and of 1 hour in one answer',
    model: 'claude-sonnet-5-5',
    reading: 'whole',
    answers: [
      message('claude-sonnet-5-5', {
        input_tokens: 1_200,
        cache_creation_input_tokens: 3_000,
        cache_creation: { ephemeral_5m_input_tokens: 1_000, ephemeral_1h_input_tokens: 2_000 },
        output_tokens: 300,
      }),
    ],
    // 1,200 × 2,000 + 1,000 × 2,500 + 2,000 × 4,000 + 300 × 10,000
    truth: { nanoUsd: 15_900_000n },
  },
  {
    name: 'cache-read',
    title: 'a prompt that is nearly all cache read',
    model: 'claude-fable-5-2',
    reading: 'whole',
    answers: [
      message('claude-fable-5-2', {
        input_tokens: 40,
        cache_read_input_tokens: 250_000,
        output_tokens: 500,
      }),
    ],
    // 40 × 8,000 + 250,000 × 200 + 500 × 40,000
    truth: { nanoUsd: 70_320_000n },
  },
  {
    name: 'growing-usage',
    title: 'a stream whose usage grows after its first event',
    model: 'claude-opus-5-5',
    reading: 'streamed',
    answers: [
      {
        status: 200,
        events: [
          ...opening('claude-opus-5-5', { input_tokens: 900, output_tokens: 1 }),
          ...textDeltas(3),
          delta({ input_tokens: 1_500, cache_read_input_tokens: 5_000, output_tokens: 120 }, null),
          ...textDeltas(3),
          ...STOPPED,
          delta({ input_tokens: 2_400, cache_read_input_tokens: 5_000, output_tokens: 410 }, 'end_turn'),
          { type: 'message_stop' },
        ],
      },
    ],
    // 2,400 × 4,000 + 5,000 × 200 + 410 × 20,000
    truth: { nanoUsd: 18_800_000n },
  },
  {
    name: 'web-search',
    title: 'three web searches with their fees',
    model: 'claude-sonnet-5-5',
    reading: 'whole',
    answers: [
      message('claude-sonnet-5-5', {
        input_tokens: 5_200,
        output_tokens: 640,
        server_tool_use: { web_search_requests: 3, web_fetch_requests: 1 },
      }),
    ],
    // 5,200 × 2,000 + 640 × 10,000 + 3 × 10,000,000
    truth: { nanoUsd: 46_800_000n },
  },
  {
    name: 'fallback',
    title: 'a billed refusal, answered by a fallback model',
    model: 'claude-fable-5-2',
    reading: 'whole',
    answers: [
      message(
        'claude-opus-5-5',
        {
          input_tokens: 1_000,
          output_tokens: 250,
          iterations: [
            { type: 'message', model: 'claude-fable-5-2', input_tokens: 1_000, output_tokens: 0 },
            { type: 'fallback_message', model: 'claude-opus-5-5', input_tokens: 1_000, output_tokens: 250 },
          ],
        },
        [
          {
            type: 'fallback',
            from: { model: 'claude-fable-5-2' },
            to: { model: 'claude-opus-5-5' },
            trigger: { type: 'refusal', category: 'bio' },
          },
          TEXT,
        ],
      ),
    ],
    // 1,000 × 8,000 (category bio is billed) + 1,000 × 4,000 + 250 × 20,000
    truth: { nanoUsd: 17_000_000n },
  },
  {
    name: 'compaction',
    title: 'a compaction, which top-level usage leaves out',
    model: 'claude-opus-5',
    reading: 'whole',
    answers: [
      message('claude-opus-5', {
        input_tokens: 23_000,
        output_tokens: 1_000,
        iterations: [
          { type: 'compaction', input_tokens: 180_000, output_tokens: 3_500 },
          { type: 'message', input_tokens: 23_000, output_tokens: 1_000 },
        ],
      }),
    ],
    // (180,000 + 23,000) × 5,000 + (3,500 + 1,000) × 25,000
    truth: { nanoUsd: 1_127_500_000n },
  },
  {
    name: 'fast-mode',
    title: 'fast mode',
    model: 'claude-opus-5-5',
    reading: 'whole',
    answers: [message('claude-opus-5-5', { input_tokens: 2_000, output_tokens: 300, speed: 'fast' })],
    // 2,000 × 8,000 + 300 × 40,000
    truth: { nanoUsd: 28_000_000n },
  },
  {
    name: 'us-geography',
    title: 'inference pinned to the US',
    model: 'claude-sonnet-5-5',
    reading: 'whole',
    answers: [message('claude-sonnet-5-5', { input_tokens: 2_000, output_tokens: 300, inference_geo: 'us' })],
    // (2,000 × 2,000 + 300 × 10,000) × 1.1
    truth: { nanoUsd: 7_700_000n },
  },
  {
    name: 'left-stream',
    title: 'a stream that the application leaves',
    model: 'claude-opus-5-5',
    reading: 'left',
    answers: [
      {
        status: 200,
        events: [
          ...opening('claude-opus-5-5', { input_tokens: 3_000, output_tokens: 1 }),
          ...textDeltas(90),
          ...STOPPED,
          delta({ output_tokens: 95 }, 'end_turn'),
          { type: 'message_stop' },
        ],
      },
    ],
    // 3,000 × 4,000, and from 40 tokens (one for each delta seen) to `max_tokens` × 20,000
    truth: { atLeastNanoUsd: 12_800_000n, atMostNanoUsd: 32_480_000n },
  },
  {
    name: 'retry',
    title: 'an overloaded attempt, then a charged one',
    model: 'claude-haiku-5-5',
    reading: 'whole',
    answers: [
      { status: 529, body: { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } } },
      message('claude-haiku-5-5', { input_tokens: 4_000, output_tokens: 150 }),
    ],
    // 4,000 × 100 + 150 × 500
    truth: { nanoUsd: 475_000n },
  },
];

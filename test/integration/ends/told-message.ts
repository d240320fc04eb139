import { MODEL } from '../../contract/metered-fixtures.ts';

/** A stream whose usage grows as it goes: 1000 tokens read, `OUTPUT_TOKENS` written in the end. */
export const OUTPUT_TOKENS = 500;
const DELTAS = 40;

const piece = (event: { type: string; [name: string]: unknown }) =>
  `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

const USAGE = {
  input_tokens: 1000,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
  service_tier: 'standard',
};

const STARTED = {
  id: 'msg_01ends',
  type: 'message',
  role: 'assistant',
  model: MODEL,
  content: [],
  stop_reason: null,
  stop_sequence: null,
  usage: { ...USAGE, output_tokens: 1 },
};

const START = piece({ type: 'message_start', message: STARTED });
const BLOCK = piece({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } });
const DELTA = piece({
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'text_delta', text: 'Sixteen letters.' },
});

/** What an answer consists of, in the order in which it is sent. */
export const PIECES: readonly string[] = [
  START,
  BLOCK,
  ...Array.from({ length: DELTAS }, () => DELTA),
  piece({ type: 'content_block_stop', index: 0 }),
  piece({
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: OUTPUT_TOKENS },
  }),
  piece({ type: 'message_stop' }),
];

export const ERROR_PIECE = piece({
  type: 'error',
  error: { type: 'overloaded_error', message: 'Overloaded' },
});

export const WHOLE_MESSAGE = JSON.stringify({
  ...STARTED,
  content: [{ type: 'text', text: 'Sixteen letters.' }],
  stop_reason: 'end_turn',
  usage: { ...USAGE, output_tokens: OUTPUT_TOKENS },
});

/** 1000 × 100 + 500 × 500 nano-USD, Haiku 5.5's list price. */
export const EXACT_COST_NANO_USD = 350_000n;

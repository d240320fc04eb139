/** What is asked in the benches, and what the made-up provider answers: whole, and as a stream. */
const MODEL = 'claude-sonnet-5-5';
export const PARAMS = {
  model: MODEL,
  max_tokens: 1024,
  messages: [{ role: 'user' as const, content: 'hello' }],
};
export const MESSAGE = {
  id: 'msg_bench',
  type: 'message',
  role: 'assistant',
  model: MODEL,
  content: [{ type: 'text', text: 'hello '.repeat(60) }],
  stop_reason: 'end_turn',
  usage: {
    input_tokens: 1200,
    output_tokens: 198,
    cache_read_input_tokens: 0,
    cache_creation_input_tokens: 0,
  },
};

/** 202 events, one in each chunk: what a provider sends for an answer of about 200 tokens. */
export const CHUNKS = [
  { type: 'message_start', message: { ...MESSAGE, content: [], stop_reason: null } },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  ...Array.from({ length: 197 }, () => ({
    type: 'content_block_delta',
    index: 0,
    delta: { type: 'text_delta', text: 'hello ' },
  })),
  { type: 'content_block_stop', index: 0 },
  {
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: 198 },
  },
  { type: 'message_stop' },
].map((event) => new TextEncoder().encode(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`));

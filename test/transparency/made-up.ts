import type { MessageCreateParamsNonStreaming } from '@anthropic-ai/sdk/resources/messages';
import { contentTypeOf, type Exchange } from './exchanges.ts';

const MODEL = 'claude-haiku-5-5';
const USAGE = {
  input_tokens: 1000,
  output_tokens: 20,
  cache_read_input_tokens: 7,
  cache_creation_input_tokens: 0,
  service_tier: 'standard',
};
const TEXT = 'Grüße — four pages, one table 📄, and no more.';
export const MESSAGE = {
  id: 'msg_01madeup',
  type: 'message',
  role: 'assistant',
  model: MODEL,
  content: [{ type: 'text', text: TEXT }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: USAGE,
};

/** A request of its own for each call: the SDK's tool runner adds to the messages that it is given. */
export const request = (): MessageCreateParamsNonStreaming => ({
  model: MODEL,
  max_tokens: 50,
  messages: [{ role: 'user', content: 'What is in it?' }],
});

type Event = { type: string; [name: string]: unknown };

const delta = (index: number, content: object): Event => ({
  type: 'content_block_delta',
  index,
  delta: content,
});

/** Thinking, text in pieces, and a tool call: one of each kind of delta. */
export const EVENTS: readonly Event[] = [
  {
    type: 'message_start',
    message: { ...MESSAGE, content: [], stop_reason: null, usage: { ...USAGE, output_tokens: 1 } },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
  { type: 'ping' },
  delta(0, { type: 'thinking_delta', thinking: 'Pages: 4.' }),
  delta(0, { type: 'signature_delta', signature: 'c2ln' }),
  { type: 'content_block_stop', index: 0 },
  { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
  ...(TEXT.match(/.{1,9}/gsu)?.map((text) => delta(1, { type: 'text_delta', text })) ?? []),
  { type: 'content_block_stop', index: 1 },
  {
    type: 'content_block_start',
    index: 2,
    content_block: { type: 'tool_use', id: 't', name: 'n', input: {} },
  },
  delta(2, { type: 'input_json_delta', partial_json: '{"page"' }),
  delta(2, { type: 'input_json_delta', partial_json: ': 4}' }),
  { type: 'content_block_stop', index: 2 },
  {
    type: 'message_delta',
    delta: { stop_reason: 'tool_use', stop_sequence: null },
    usage: { output_tokens: 20 },
  },
  { type: 'message_stop' },
];

const OVERLOADED = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };

/** The events as they travel. */
export function framed(events: readonly Event[], newline = '\n'): string {
  return events
    .map((event) => [`event: ${event.type}`, `data: ${JSON.stringify(event)}`, '', ''].join(newline))
    .join('');
}

function exchange(id: string, body: string, rest: Partial<Exchange> = {}): Exchange {
  const isStreamed = rest.isStreamed ?? false;
  return {
    id,
    api: 'ga',
    endpoint: 'messages',
    isStreamed,
    params: { ...request(), ...(isStreamed && { stream: true }) },
    status: 200,
    headers: { 'content-type': contentTypeOf(isStreamed ? 'sse' : 'json'), 'request-id': 'req_madeup' },
    bytes: new TextEncoder().encode(body),
    ...rest,
  };
}

export const streamed = (id: string, body: string, rest: Partial<Exchange> = {}) =>
  exchange(id, body, { ...rest, isStreamed: true });

const ERROR_HEADERS = { 'content-type': 'application/json', 'request-id': 'req_error' };
const failed = (status: number, type: string, isStreamed: boolean) =>
  exchange(`${status} ${isStreamed ? 'for a stream' : 'for a message'}`, errorBody(type), {
    isStreamed,
    status,
    headers: ERROR_HEADERS,
  });
const errorBody = (type: string) =>
  JSON.stringify({ type: 'error', error: { type, message: 'As made up.' } });

/** What the provider may send, and a few things that it should not. */
export const MADE_UP: readonly Exchange[] = [
  exchange('a message', JSON.stringify(MESSAGE)),
  exchange('a message, through beta', JSON.stringify(MESSAGE), { api: 'beta' }),
  exchange('a message with a mark of byte order', `\uFEFF${JSON.stringify(MESSAGE)}`),
  exchange('a message that is cut', JSON.stringify(MESSAGE).slice(0, 90)),
  exchange('no JSON', '<html>Bad gateway</html>', {
    headers: { 'content-type': 'text/html; Charset=UTF-8' },
  }),
  exchange('nothing at all', ''),
  exchange('nothing, without a type', '', { headers: {} }),
  exchange('JSON that is no message', '[1,2,3]'),
  exchange('a count', '{"input_tokens":7}', { endpoint: 'count_tokens' }),
  streamed('a stream', framed(EVENTS)),
  streamed('a stream, through beta', framed(EVENTS), { api: 'beta' }),
  streamed('a stream with CRLF', framed(EVENTS, '\r\n')),
  streamed('a stream with CR', framed(EVENTS, '\r')),
  streamed('a stream with a mark of byte order', `\uFEFF${framed(EVENTS)}`),
  streamed('a stream without its last blank line', framed(EVENTS).trimEnd()),
  streamed('a stream that is cut', framed(EVENTS).slice(0, 900)),
  streamed('a stream with an error', framed([...EVENTS.slice(0, 8), OVERLOADED])),
  streamed('a stream with broken JSON', `${framed(EVENTS.slice(0, 8))}event: x\ndata: {"a\n\n`),
  streamed('a stream with comments and [DONE]', `: hello\n\n${framed(EVENTS)}data: [DONE]\n\n`),
  streamed('a stream of nothing', ''),
  streamed('a stream without a type', framed(EVENTS), { headers: {} }),
  failed(400, 'invalid_request_error', false),
  failed(400, 'invalid_request_error', true),
  failed(401, 'authentication_error', false),
  failed(404, 'not_found_error', false),
  failed(413, 'request_too_large', false),
  failed(429, 'rate_limit_error', true),
  failed(500, 'api_error', false),
  failed(529, 'overloaded_error', true),
  exchange('503 without JSON', 'upstream away', { status: 503, headers: { 'content-type': 'text/plain' } }),
  exchange('502 without a body', '', { status: 502, headers: {} }),
];

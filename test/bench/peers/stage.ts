import type Anthropic from '@anthropic-ai/sdk';
import { type Exchange, MAX_TOKENS, type StagedAnswer } from './exchanges.ts';

type Fetch = (url: unknown, init?: { body?: unknown }) => Promise<Response>;

/** A provider that gives the answers of one exchange in their order, and no more. */
export function fetchOf({ answers }: Exchange): Fetch {
  const left = [...answers];
  return async () => {
    const answer = left.shift();
    if (!answer) throw new Error('The application asked more often than the exchange has answers.');
    return responseOf(answer);
  };
}

function responseOf({ status, body, events }: StagedAnswer): Response {
  if (events) return streamOf(events.map(chunkOf));
  return Response.json(body, { status, headers: { 'request-id': 'req_staged', 'retry-after-ms': '1' } });
}

function chunkOf(event: Record<string, unknown>): Uint8Array {
  return new TextEncoder().encode(`event: ${event['type']}\ndata: ${JSON.stringify(event)}\n\n`);
}

/** One chunk for each pull, as a socket would give them. */
function streamOf(chunks: readonly Uint8Array[]): Response {
  let index = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks[index];
      index += 1;
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
  });
  return new Response(body, {
    headers: { 'content-type': 'text/event-stream', 'request-id': 'req_staged' },
  });
}

const DELTAS_READ = 40;

/** What the application does. Always by `messages.create`: it is the one method that every peer instruments. */
export async function perform(
  claude: Pick<Anthropic, 'messages'>,
  { model, reading }: Exchange,
): Promise<void> {
  const params = { model, max_tokens: MAX_TOKENS, messages: [{ role: 'user' as const, content: 'hello' }] };
  if (reading === 'whole') {
    await claude.messages.create(params);
    return;
  }
  let deltas = 0;
  for await (const event of await claude.messages.create({ ...params, stream: true })) {
    if (event.type === 'content_block_delta') deltas += 1;
    if (reading === 'left' && deltas === DELTAS_READ) break;
  }
}

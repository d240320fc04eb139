import Anthropic, { type Middleware } from '@anthropic-ai/sdk';
import type { Recording } from './recordings.ts';

export interface DeliveryOptions {
  /** Size of the pieces that the body arrives in; null delivers it whole. Seven bytes split characters and lines. */
  chunkBytes: number | null;
  /** Which of the SDK's two message resources makes the call; null follows the recording. */
  api: 'ga' | 'beta' | null;
}

/** What the caller saw: the values, or the error, of one call. */
export interface CallerView {
  values: unknown[];
  error: { name: string; message: string } | null;
}

/** Plays one exchange through the official SDK with a `fetch` that answers with the recording. */
export async function playExchange(
  recording: Recording,
  middleware: Middleware[],
  { chunkBytes, api }: DeliveryOptions,
): Promise<CallerView> {
  const client = new Anthropic({
    apiKey: 'replay',
    maxRetries: 0,
    logLevel: 'off',
    middleware,
    fetch: async () => recordedResponse(recording, chunkBytes),
  });
  const values: unknown[] = [];
  try {
    await call(client, recording, api ?? recordedApi(recording), (value) => values.push(value));
    return { values, error: null };
  } catch (error) {
    const { name, message } = error as Error;
    return { values, error: { name, message } };
  }
}

async function call(
  client: Anthropic,
  recording: Recording,
  api: 'ga' | 'beta',
  onValue: (value: unknown) => void,
): Promise<void> {
  // The SDK's own types cannot describe recorded requests of other versions and languages; the bytes are what matters here.
  const params = {
    model: 'm',
    max_tokens: 16,
    messages: [{ role: 'user', content: 'x' }],
    ...recording.request,
  } as unknown as Anthropic.MessageCreateParamsNonStreaming;
  const messages = (api === 'beta' ? client.beta.messages : client.messages) as Anthropic['messages'];
  if (recording.path.includes('count_tokens')) return onValue(await messages.countTokens(params));
  if (!isStreamed(recording)) return onValue(await messages.create({ ...params, stream: false }));
  for await (const event of await messages.create({ ...params, stream: true })) onValue(event);
}

/** An error answers a streaming request with JSON; asked for otherwise, the SDK would refuse some of them before sending. */
function isStreamed(recording: Recording): boolean {
  return recording.bodyKind === 'sse' || (recording.status >= 400 && recording.request?.['stream'] === true);
}

function recordedApi(recording: Recording): 'ga' | 'beta' {
  return recording.beta !== null || recording.path.includes('beta=true') ? 'beta' : 'ga';
}

function recordedResponse(recording: Recording, chunkBytes: number | null): Response {
  const headers = new Headers(recording.headers);
  if (!headers.has('content-type')) {
    headers.set('content-type', recording.bodyKind === 'sse' ? 'text/event-stream' : 'application/json');
  }
  const body = chunkBytes === null ? recording.body : inChunks(recording.body, chunkBytes);
  return new Response(body, { status: recording.status, headers });
}

function inChunks(text: string, chunkBytes: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let offset = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (offset >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(offset, offset + chunkBytes));
      offset += chunkBytes;
    },
  });
}

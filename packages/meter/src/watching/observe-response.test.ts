import { describe, expect, it } from 'vitest';
import type { Answer } from '../answer.ts';
import { observeResponse } from './observe-response.ts';

const EVENTS = [
  'event: message_start\ndata: {"type":"message_start","message":{"id":"m","model":"claude-x","usage":{"input_tokens":9,"output_tokens":1}}}\n\n',
  'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello"}}\n\n',
  'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}\n\n',
  'event: message_stop\ndata: {"type":"message_stop"}\n\n',
];
const MESSAGE = {
  type: 'message',
  id: 'm',
  model: 'claude-x',
  stop_reason: 'end_turn',
  usage: { input_tokens: 9, output_tokens: 5 },
};

interface Seen {
  ends: { answer: Answer; broken: boolean; error: unknown }[];
}

function watch(response: Response): { response: Response } & Seen {
  const ends: Seen['ends'] = [];
  const watched = observeResponse(response, {
    expectsStream: false,
    onReading: () => undefined,
    onForgotten: () => undefined,
    onBytes: () => undefined,
    onEnd: (answer, end) => ends.push({ answer, ...end }),
  });
  return { response: watched, ends };
}

function eventStream(onCancel: () => void = () => undefined, failAfter = Number.POSITIVE_INFINITY): Response {
  let index = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (index === failAfter) return controller.error(new Error('connection cut'));
        const event = EVENTS[index];
        index += 1;
        if (event === undefined) controller.close();
        else controller.enqueue(new TextEncoder().encode(event));
      },
      cancel: onCancel,
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}

const jsonResponse = () => Response.json(MESSAGE);

describe('watching a response', () => {
  it.each<[string, (response: Response) => Promise<unknown>]>([
    ['json()', (response) => response.json()],
    ['text()', async (response) => JSON.parse(await response.text())],
    ['arrayBuffer()', async (response) => JSON.parse(new TextDecoder().decode(await response.arrayBuffer()))],
    ['blob()', async (response) => JSON.parse(await (await response.blob()).text())],
    ['the body stream', async (response) => new Response(response.body).json()],
    ['a clone', (response) => response.clone().json()],
    [
      'a clone, then the original',
      async (response) => [await response.clone().json(), await response.json()][1],
    ],
  ])('sees a JSON message once when it is read by %s', async (_name, read) => {
    const { response, ends } = watch(jsonResponse());
    expect(await read(response)).toEqual(MESSAGE);
    expect(ends).toHaveLength(1);
    expect(ends[0]?.answer).toMatchObject({ complete: true, model: 'claude-x', usage: { output_tokens: 5 } });
  });

  it.each<[string, (response: Response) => Promise<string>]>([
    ['iteration', async (response) => readAll(response.body ?? never())],
    ['text()', (response) => response.text()],
    ['a reader', async (response) => new Response(response.body).text()],
    [
      'pipeThrough',
      async (response) => readAll((response.body ?? never()).pipeThrough(new TransformStream())),
    ],
    ['tee', async (response) => readAll((response.body ?? never()).tee()[0])],
    ['a clone', (response) => response.clone().text()],
  ])('passes a stream through byte by byte when it is read by %s', async (_name, read) => {
    const { response, ends } = watch(eventStream());
    expect(await read(response)).toBe(EVENTS.join(''));
    expect(ends).toHaveLength(1);
    expect(ends[0]).toMatchObject({
      broken: false,
      answer: { complete: true, usage: { input_tokens: 9, output_tokens: 5 } },
    });
  });

  it('is the same object with the same url, type and redirected flag', () => {
    const original = jsonResponse();
    const { response } = watch(original);
    expect(response).toBe(original);
    expect([response.url, response.type, response.redirected, response.bodyUsed]).toEqual([
      '',
      'default',
      false,
      false,
    ]);
  });

  it('cancels the source as soon as the caller leaves, and reports what was seen', async () => {
    let isCancelled = false;
    const { response, ends } = watch(
      eventStream(() => {
        isCancelled = true;
      }),
    );
    for await (const _chunk of response.body ?? never()) break;
    expect(isCancelled).toBe(true);
    expect(ends).toMatchObject([
      { broken: true, error: null, answer: { complete: false, usage: { input_tokens: 9 } } },
    ]);
  });

  it('gives the caller the source’s own error, and reports the break with it', async () => {
    const { response, ends } = watch(eventStream(undefined, 2));
    await expect(readAll(response.body ?? never())).rejects.toThrow('connection cut');
    expect(ends).toMatchObject([{ broken: true, error: { message: 'connection cut' } }]);
  });

  it('takes usage that is told on the way for no end: a stream cut after it is broken', async () => {
    const onTheWay = EVENTS[2]?.replace('"stop_reason":"end_turn"', '"stop_reason":null') ?? never();
    const body = new Blob([EVENTS[0] ?? never(), onTheWay]).stream();
    const { response, ends } = watch(
      new Response(body, { headers: { 'content-type': 'text/event-stream' } }),
    );
    await response.text();
    expect(ends).toMatchObject([{ broken: true, answer: { complete: false, usage: { output_tokens: 5 } } }]);
  });

  it('stays silent while nobody reads, even when the body is looked at', () => {
    const { response, ends } = watch(jsonResponse());
    expect(response.body?.locked).toBe(false);
    expect(ends).toHaveLength(0);
  });

  it('ends at once for a response without a body', () => {
    expect(watch(new Response(null, { status: 204 })).ends).toMatchObject([
      { broken: true, answer: { usage: null } },
    ]);
  });
});

async function readAll(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stream) text += decoder.decode(chunk, { stream: true });
  return text;
}

function never(): never {
  throw new Error('the response has a body');
}

import type { Behaviour, Stage } from './behaviour.ts';
import { begun, broken, events, json, silence } from './loopback-server.ts';
import { EVENTS, framed, MESSAGE, request } from './made-up.ts';

const BEGUN = framed(EVENTS.slice(0, 7));

const streamOf = ({ client }: Stage, signal?: AbortSignal) =>
  client.messages.create({ ...request(), stream: true }, signal ? { signal } : {});

/** What the helper tells while it is read. */
function listen({ client, note }: Stage) {
  const helper = client.messages.stream(request());
  for (const event of ['text', 'abort', 'error', 'end'] as const)
    helper.on(event, (...given: unknown[]) => note(event, given));
  return helper;
}

export const ENDS: readonly Behaviour[] = [
  {
    name: 'a signal that fired before',
    answers: [json(MESSAGE)],
    act: ({ client }) => client.messages.create(request(), { signal: AbortSignal.abort() }),
  },
  {
    name: 'a signal that fires before the answer begins',
    answers: [silence],
    async act({ client, server, note }) {
      const controller = new AbortController();
      server.play([() => controller.abort()]);
      const call = client.messages.create(request(), { signal: controller.signal });
      note('error', await call.catch((error: unknown) => error));
      await server.left();
    },
  },
  {
    name: 'a signal that fires within a message',
    answers: [begun(JSON.stringify(MESSAGE).slice(0, 80), { 'content-type': 'application/json' })],
    async act({ client, server, note }) {
      const controller = new AbortController();
      const response = await client.messages.create(request(), { signal: controller.signal }).asResponse();
      const text = response.text().catch((error: unknown) => error);
      controller.abort();
      note('text', await text);
      await server.left();
    },
  },
  {
    name: 'a signal that fires within a stream',
    answers: [begun(BEGUN)],
    async act(stage) {
      const controller = new AbortController();
      for await (const event of await streamOf(stage, controller.signal)) {
        stage.note('event', event);
        if (event.type === 'content_block_delta') controller.abort();
      }
      await stage.server.left();
    },
  },
  {
    name: 'a stream that is left',
    answers: [begun(BEGUN)],
    async act(stage) {
      for await (const event of await streamOf(stage)) {
        stage.note('event', event);
        if (event.type === 'content_block_delta') break;
      }
      await stage.server.left();
    },
  },
  {
    name: 'a stream whose controller aborts',
    answers: [begun(BEGUN)],
    async act(stage) {
      const stream = await streamOf(stage);
      for await (const event of stream) {
        stage.note('event', event);
        if (event.type === 'content_block_delta') stream.controller.abort();
      }
      await stage.server.left();
    },
  },
  {
    name: 'a helper that aborts',
    answers: [begun(framed(EVENTS.slice(0, 9)))],
    async act(stage) {
      const helper = listen(stage).on('text', () => helper.abort());
      stage.note('error', await helper.finalMessage().catch((error: unknown) => error));
      await stage.server.left();
    },
  },
  {
    name: 'a body that is cancelled',
    answers: [begun(BEGUN)],
    async act(stage) {
      const response = await streamOf(stage).asResponse();
      await response.body?.cancel('enough');
      await stage.server.left();
    },
  },
  {
    name: 'a connection that breaks within a stream',
    answers: [broken(BEGUN)],
    async act(stage) {
      for await (const event of await streamOf(stage)) stage.note('event', event);
    },
  },
  {
    name: 'a helper whose connection breaks',
    answers: [broken(BEGUN)],
    act: (stage) => listen(stage).finalMessage(),
  },
  {
    name: 'a helper whose provider reports an error',
    answers: [events(`${BEGUN}event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}\n\n`)],
    act: (stage) => listen(stage).finalMessage(),
  },
];

import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import * as z from 'zod/v4';
import type { Behaviour } from './behaviour.ts';
import { events, json } from './loopback-server.ts';
import { EVENTS, framed, MESSAGE, request } from './made-up.ts';

const answering = (text: string) => json({ ...MESSAGE, content: [{ type: 'text', text }] });

const CALLS_TOOL = json({
  ...MESSAGE,
  content: [{ type: 'tool_use', id: 'toolu_1', name: 'pages', input: { of: 'report' } }],
  stop_reason: 'tool_use',
});

const ENDED = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 20 } };

const pages = (note: (what: string, value: unknown) => void) =>
  betaZodTool({
    name: 'pages',
    description: 'Counts pages.',
    inputSchema: z.object({ of: z.string() }),
    run(given) {
      note('tool', given);
      return 'four';
    },
  });

const parsed = (name: string, text: string): Behaviour => ({
  name,
  answers: [answering(text)],
  act: ({ client }) =>
    client.messages.parse({
      ...request(),
      output_config: { format: zodOutputFormat(z.object({ pages: z.number() })) },
    }),
});

const model = (id: string) => ({ type: 'model', id, display_name: id, created_at: '2026-01-01T00:00:00Z' });
const file = { id: 'file_1', type: 'file', filename: 'a.txt', mime_type: 'text/plain', size_bytes: 3 };
const batch = { id: 'msgbatch_1', type: 'message_batch', processing_status: 'ended', request_counts: {} };

export const HELPERS: readonly Behaviour[] = [
  {
    name: 'the streaming helper',
    answers: [events(framed(EVENTS))],
    async act({ client, note }) {
      const helper = client.messages.stream(request()).on('text', (...given) => note('text', given));
      for await (const event of helper) note('event', event);
      note('text', await helper.finalText());
      return helper.finalMessage();
    },
  },
  {
    name: 'the tool runner',
    answers: [CALLS_TOOL, answering('Four.')],
    async act({ client, note }) {
      const runner = client.beta.messages.toolRunner({ ...request(), tools: [pages(note)] });
      for await (const message of runner) note('message', message);
      return runner.params;
    },
  },
  {
    name: 'the tool runner, streamed',
    answers: [events(framed(EVENTS)), events(framed([...EVENTS.slice(0, -6), ENDED, ...EVENTS.slice(-1)]))],
    async act({ client, note }) {
      const given = { ...request(), tools: [pages(note)], stream: true as const };
      for await (const stream of client.beta.messages.toolRunner(given))
        for await (const event of stream) note('event', event);
    },
  },
  parsed('structured output', '{"pages":4}'),
  parsed('structured output that does not fit', '{"pages":"four"}'),
  parsed('structured output that is no JSON', 'four'),
  {
    name: 'counting tokens',
    answers: [json({ input_tokens: 7 })],
    act: ({ client }) => client.messages.countTokens(request()),
  },
  {
    name: 'pages of models',
    answers: [
      json({ data: [model('a'), model('b')], has_more: true, first_id: 'a', last_id: 'b' }),
      json({ data: [model('c')], has_more: false, first_id: 'c', last_id: 'c' }),
    ],
    async act({ client, note }) {
      for await (const each of client.models.list()) note('model', each);
    },
  },
  {
    name: 'files',
    answers: [
      json(file),
      (response) => void response.writeHead(200, { 'content-type': 'text/plain' }).end('abc'),
      json({ id: 'file_1', type: 'file_deleted' }),
    ],
    async act({ client, note }) {
      note('uploaded', await client.beta.files.upload({ file: new File(['abc'], 'a.txt') }));
      note('text', await (await client.beta.files.download('file_1')).text());
      return client.beta.files.delete('file_1');
    },
  },
  {
    name: 'a batch and its results',
    answers: [
      json({ ...batch, processing_status: 'in_progress', results_url: null }),
      (response, { headers }) =>
        json({ ...batch, results_url: `http://${headers.host}/v1/messages/batches/msgbatch_1/results` })(
          response,
          {} as never,
        ),
      (response) =>
        void response
          .writeHead(200, { 'content-type': 'application/x-jsonl' })
          .end(`${JSON.stringify({ custom_id: 'a', result: { type: 'succeeded', message: MESSAGE } })}\n`),
    ],
    async act({ client, note }) {
      const requests = [{ custom_id: 'a', params: request() }];
      note('created', await client.messages.batches.create({ requests }));
      for await (const item of await client.messages.batches.results('msgbatch_1')) note('item', item);
    },
  },
];

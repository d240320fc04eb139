import type { Behaviour } from './behaviour.ts';
import { look } from './look.ts';
import { events, json } from './loopback-server.ts';
import { EVENTS, framed, MESSAGE, request } from './made-up.ts';

const message = json(MESSAGE);

/** What is sent, and whereto: the server must hear the same bytes. */
export const REQUESTS: readonly Behaviour[] = [
  {
    name: 'headers of a request, and one taken away',
    answers: [message],
    options: { defaultHeaders: { 'x-default': 'a', 'x-gone': 'b' }, defaultQuery: { q: '1' } },
    act: ({ client }) =>
      client.messages.create(request(), {
        headers: { 'x-own': 'ü', 'x-gone': null },
        query: { 'own query': 'ä&b' },
        idempotencyKey: 'key-1',
      }),
  },
  {
    name: 'a token instead of a key',
    answers: [message],
    options: { apiKey: null, authToken: 'token' },
    act: ({ client }) => client.messages.create(request()),
  },
  {
    name: 'betas become a header',
    answers: [message],
    act: ({ client }) =>
      client.beta.messages.create({ ...request(), betas: ['one-2025-01-01', 'two-2025-01-01'] }),
  },
  {
    name: 'a copy by withOptions',
    answers: [message],
    async act({ client, note }) {
      const copy = client.withOptions({ defaultHeaders: { 'x-copy': '1' }, maxRetries: 4, timeout: 9_000 });
      note('class', [copy.constructor, copy.maxRetries, copy.timeout, copy.baseURL === client.baseURL]);
      return copy.messages.create(request());
    },
  },
  {
    name: 'options for fetch',
    answers: [message],
    options: { fetchOptions: { keepalive: false, referrer: 'about:client' } },
    act: ({ client }) => client.messages.create(request(), { fetchOptions: { cache: 'no-store' } }),
  },
  {
    name: 'a redirect that is followed',
    answers: [(response) => void response.writeHead(307, { location: '/other/v1/messages' }).end(), message],
    async act({ client, note }) {
      const { data, response } = await client.messages.create(request()).withResponse();
      look(response, note, 'response');
      return data;
    },
  },
  {
    name: 'a redirect that is not to be followed',
    answers: [(response) => void response.writeHead(307, { location: '/other/v1/messages' }).end()],
    async act({ client, note }) {
      const call = client.messages.create(request(), { fetchOptions: { redirect: 'manual' } });
      look(await call.asResponse(), note, 'response');
    },
  },
  {
    name: 'any text, byte by byte',
    answers: [message],
    act: ({ client }) =>
      client.messages.create({
        ...request(),
        system: 'Grüße 📄\u0000\u2028',
        metadata: { user_id: 'a"b\\c' },
      }),
  },
  {
    name: 'the raw post of the client',
    answers: [message],
    act: ({ client }) => client.post('/v1/messages', { body: request(), headers: { 'x-own': 'post' } }),
  },
  {
    name: 'the raw post of the client, streamed',
    answers: [events(framed(EVENTS))],
    async act({ client, note }) {
      const body = { ...request(), stream: true };
      const stream = await client.post<AsyncIterable<unknown>>('/v1/messages', {
        body,
        stream: true,
      });
      for await (const event of stream) note('event', event);
    },
  },
  {
    name: 'fetch with a Request',
    answers: [message],
    async act({ fetch: send, server, note }) {
      const sent = new Request(`${server.url}/v1/messages`, {
        method: 'POST',
        body: JSON.stringify(request()),
      });
      const response = await send(sent);
      note('used', sent.bodyUsed);
      look(response, note, 'response');
      return response.json();
    },
  },
];

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type { Behaviour, Stage } from './behaviour.ts';
import { type Answer, broken, events, failure, json, silence } from './loopback-server.ts';
import { EVENTS, framed, MESSAGE, request } from './made-up.ts';

const message = json(MESSAGE);
const create = ({ client }: Stage) => client.messages.create(request());

/** At once: nobody waits for a test. */
const SOON = { 'retry-after-ms': '1' };

const retried = (status: number): Behaviour => ({
  name: `${status} is retried`,
  answers: [failure(status, SOON), message],
  options: { maxRetries: 2 },
  act: create,
});

const thrown = (status: number): Behaviour => ({
  name: `${status} is thrown`,
  answers: [failure(status)],
  options: { maxRetries: 2 },
  act: create,
});

const answered = (name: string, answers: readonly Answer[], maxRetries: number): Behaviour => ({
  name,
  answers,
  options: { maxRetries },
  act: create,
});

const refusedConnection: Behaviour = {
  name: 'a connection that is refused',
  answers: [],
  async act({ client, note }) {
    const baseURL = `http://127.0.0.1:${await closedPort()}`;
    await client
      .withOptions({ baseURL })
      .messages.create(request())
      .catch((error: Error) => {
        note('class', [error.constructor, error.message, String(error.cause).replace(/\d+$/, 'port')]);
      });
  },
};

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const TIMEOUT = { timeout: 50 };

export const RETRIES: readonly Behaviour[] = [
  ...[408, 409, 429, 500, 503, 529].map(retried),
  ...[400, 401, 403, 404, 413, 422].map(thrown),
  answered('retry-after in seconds is waited for', [failure(429, { 'retry-after': '0.001' }), message], 1),
  answered('x-should-retry: true', [failure(400, { 'x-should-retry': 'true', ...SOON }), message], 1),
  answered('x-should-retry: false', [failure(529, { 'x-should-retry': 'false' }), message], 2),
  answered('tries that all fail', [failure(500, SOON)], 2),
  answered('an error without a body', [(response) => void response.writeHead(500, SOON).end(), message], 1),
  answered('a connection that breaks off, then an answer', [broken(), message], 1),
  answered('a connection that breaks off, without retries', [broken()], 0),
  refusedConnection,
  {
    name: 'a stream that is refused at first',
    answers: [failure(529, SOON), events(framed(EVENTS))],
    options: { maxRetries: 1 },
    async act({ client, note }) {
      for await (const event of await client.messages.create({ ...request(), stream: true }))
        note('event', event);
    },
  },
  {
    name: 'maxRetries of a request outranks the client’s',
    answers: [failure(500, SOON), message],
    options: { maxRetries: 5 },
    act: ({ client }) => client.messages.create(request(), { maxRetries: 0 }),
  },
  { name: 'a timeout of the client', answers: [silence], options: TIMEOUT, act: create },
  {
    name: 'a timeout of a request',
    answers: [silence],
    act: ({ client }) => client.messages.create(request(), TIMEOUT),
  },
  {
    name: 'a timeout of a streamed request, then an answer',
    answers: [silence, events(framed(EVENTS))],
    options: { maxRetries: 1 },
    act: ({ client }) => client.messages.stream(request(), { timeout: 700 }).finalMessage(),
  },
];

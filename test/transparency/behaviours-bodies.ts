import type { Behaviour } from './behaviour.ts';
import { BODY_READINGS } from './body-readings.ts';
import { look } from './look.ts';
import { type Answer, events, failure, json } from './loopback-server.ts';
import { EVENTS, framed, MESSAGE, request } from './made-up.ts';

const ANSWERS: readonly (readonly [string, Answer])[] = [
  ['a message', json(MESSAGE)],
  ['a stream', events(framed(EVENTS))],
];

/** Every way to read a body, on the platform's own responses: they have come from somewhere, and say so. */
const read: Behaviour[] = ANSWERS.flatMap(([what, answer]) =>
  BODY_READINGS.map(([way, readBody]) => ({
    name: `${what}: ${way}`,
    answers: [answer],
    async act({ client, note }) {
      const response = await client.messages.create(request()).asResponse();
      look(response, note, 'response');
      await readBody(response, note);
    },
  })),
);

const refused: Behaviour = {
  name: 'a refusal that fetch is given',
  answers: [failure(429, { 'retry-after': '7' })],
  async act({ fetch: send, server, note }) {
    const response = await send(`${server.url}/v1/messages`, {
      method: 'POST',
      body: JSON.stringify(request()),
    });
    look(response, note, 'response');
    return response.text();
  },
};

export const BODIES: readonly Behaviour[] = [...read, refused];

import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../answer.ts';
import { observeResponse } from './observe-response.ts';

/** Responses of other makers than the platform: they are read as without us, and counted where that is possible. */

const MESSAGE = {
  type: 'message',
  id: 'm',
  model: 'claude-x',
  stop_reason: 'end_turn',
  usage: { input_tokens: 9, output_tokens: 5 },
};
const TEXT = JSON.stringify(MESSAGE);

/** As `node-fetch` has it: the body is a stream of Node, which its own ways to read iterate over. */
class NodeResponse {
  readonly ok = true;
  readonly status = 200;
  readonly headers = new Headers({ 'content-type': 'application/json' });
  #body: PassThrough;
  constructor(body: PassThrough) {
    this.#body = body;
  }
  get body() {
    return this.#body;
  }
  async arrayBuffer() {
    const { body } = this;
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return new Uint8Array(Buffer.concat(chunks)).buffer;
  }
  async text() {
    return new TextDecoder().decode(await this.arrayBuffer());
  }
  async json() {
    return JSON.parse(await this.text());
  }
  clone() {
    const [left, right] = [new PassThrough(), new PassThrough()];
    this.#body.pipe(left);
    this.#body.pipe(right);
    this.#body = left;
    return new NodeResponse(right);
  }
}

function nodeResponse(): NodeResponse {
  const body = new PassThrough();
  body.write(TEXT.slice(0, 20));
  setImmediate(() => body.end(TEXT.slice(20)));
  return new NodeResponse(body);
}

interface Watched<Kind> {
  response: Kind;
  ends: { answer: Answer; broken: boolean; error: unknown }[];
}

function watch<Kind extends object>(response: Kind): Watched<Kind> {
  const ends: Watched<Kind>['ends'] = [];
  const observed = observeResponse(response as Response, {
    expectsStream: false,
    onReading: () => undefined,
    onForgotten: () => undefined,
    onBytes: () => undefined,
    onEnd: (answer, end) => ends.push({ answer, ...end }),
  });
  expect(observed).toBe(response);
  return { response, ends };
}

describe('a response whose body is a stream of Node', () => {
  const ways: [string, (response: NodeResponse) => Promise<string>][] = [
    ['json()', async (response) => JSON.stringify(await response.json())],
    ['text()', (response) => response.text()],
    ['arrayBuffer()', async (response) => Buffer.from(await response.arrayBuffer()).toString()],
    ['iteration', async (response) => textOf(response.body)],
    ['iteration of decoded text', async (response) => textOf(response.body.setEncoding('utf8'))],
    ['its body looked at before', async (response) => (response.body.readable ? response.text() : '')],
    [
      'data events',
      async ({ body }) => {
        let text = '';
        body.on('data', (chunk) => {
          text += chunk;
        });
        await once(body, 'end');
        return text;
      },
    ],
    [
      'a pipe',
      async ({ body }) => {
        let text = '';
        const sink = new Writable({
          write(chunk, _encoding, done) {
            text += chunk;
            done();
          },
        });
        await once(body.pipe(sink), 'finish');
        return text;
      },
    ],
    ['a clone', async (response) => response.clone().text()],
    ['a clone, after a look', async (response) => (response.body.readable ? response.clone().text() : '')],
  ];

  it.each(ways)('is read as without us and counted once: %s', async (_way, read) => {
    const { response, ends } = watch(nodeResponse());
    expect(await read(response)).toBe(TEXT);
    expect(ends).toMatchObject([{ broken: false, answer: { usage: MESSAGE.usage } }]);
  });

  it('breaks off where it is left', async () => {
    const { response, ends } = watch(nodeResponse());
    for await (const _chunk of response.body) break;
    await expect.poll(() => ends).toMatchObject([{ broken: true }]);
  });

  it('breaks off where the connection does', async () => {
    const { response, ends } = watch(nodeResponse());
    const error = new Error('socket hang up');
    response.body.destroy(error);
    await expect(textOf(response.body)).rejects.toBe(error);
    expect(ends).toMatchObject([{ broken: true, error }]);
  });

  async function textOf(body: AsyncIterable<Uint8Array | string>): Promise<string> {
    let text = '';
    for await (const chunk of body) text += chunk;
    return text;
  }
});

describe('a response of a class of its own', () => {
  it('keeps the ways of reading that a subclass has made its own', async () => {
    class Signed extends Response {}
    const { text } = Response.prototype;
    Object.assign(Signed.prototype, {
      async text(this: Response) {
        return `signed ${await text.call(this)}`;
      },
    });
    const { response, ends } = watch(new Signed(TEXT));
    expect(await response.text()).toBe(`signed ${TEXT}`);
    expect(ends).toHaveLength(1);
  });

  it('is given no ways that its class has not', async () => {
    class Small {
      headers = new Headers();
      async text() {
        return TEXT;
      }
    }
    const { response, ends } = watch(new Small());
    expect(['body', 'json', 'blob'].map((name) => name in response)).toEqual([false, false, false]);
    expect(await response.text()).toBe(TEXT);
    expect(ends).toMatchObject([{ broken: false, answer: { usage: MESSAGE.usage } }]);
  });

  it('has a body that lets nobody mark it, and can read it all the same', async () => {
    const body = Object.freeze(new Response(TEXT).body);
    class Frozen {
      headers = new Headers();
      get body() {
        return body;
      }
    }
    expect(watch(new Frozen()).response.body).toBe(body);
  });
});

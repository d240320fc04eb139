import type Anthropic from '@anthropic-ai/sdk';
import { attempt, look } from './look.ts';
import type { Note, Reading, Scene } from './observe.ts';

/** The SDK's types cannot describe recorded requests of other versions and languages; only what comes back matters here. */
type Messages = Anthropic['messages'];
type Params = Anthropic.MessageCreateParamsNonStreaming;

/** The timeout is long enough that the SDK asks for no stream of its own accord. */
const optionsOf = ({ signal }: Scene) => ({ timeout: 600_000, signal });

function messagesOf({ client, exchange }: Scene, api = exchange.api): Messages {
  return (api === 'beta' ? client.beta.messages : client.messages) as Messages;
}

function paramsOf({ exchange }: Scene): Params {
  return { ...exchange.params, stream: false } as unknown as Params;
}

/** The call, as its exchange asks for it. */
export function send(scene: Scene, api?: 'ga' | 'beta') {
  const [messages, params, options] = [messagesOf(scene, api), paramsOf(scene), optionsOf(scene)];
  const { endpoint, isStreamed } = scene.exchange;
  if (endpoint === 'count_tokens') return messages.countTokens(params, options);
  return isStreamed
    ? messages.create({ ...params, stream: true }, optionsOf(scene))
    : messages.create(params, options);
}

type Events = AsyncIterable<unknown> & {
  tee(): Events[];
  toReadableStream(): ReadableStream<Uint8Array>;
};

async function noteAll(values: unknown, note: Note, what: string): Promise<void> {
  const isStream = typeof values === 'object' && values !== null && Symbol.asyncIterator in values;
  if (!isStream) return note(what, values);
  await attempt(note, `${what} ended`, async () => {
    for await (const value of values as Events) note(what, value);
  });
}

const valuesThrough = (api: 'ga' | 'beta'): Reading => ({
  name: `values of the ${api} resource`,
  read: async (scene) => noteAll(await send(scene, api), scene.note, 'value'),
});

const withResponse: Reading = {
  name: 'withResponse()',
  async read(scene) {
    const { data, response, request_id } = await send(scene).withResponse();
    look(response, scene.note, 'before');
    scene.note('request id', request_id);
    await noteAll(data, scene.note, 'value');
    look(response, scene.note, 'after');
    await attempt(scene.note, 'text', () => response.text());
  },
};

/** Readings of a stream of events. Of anything else they see the value. */
const ofEvents = (name: string, read: (events: Events, scene: Scene) => Promise<void>): Reading => ({
  name,
  async read(scene) {
    const answer: unknown = await send(scene);
    if (scene.exchange.isStreamed) await read(answer as Events, scene);
    else scene.note('value', answer);
  },
});

const readableStream = ofEvents('toReadableStream()', async (events, { note }) => {
  await attempt(note, 'text', () => new Response(events.toReadableStream()).text());
});

const bothSides = ofEvents('both sides of its tee()', async (events, { note }) => {
  for (const [index, side] of events.tee().entries()) await noteAll(side, note, `side ${index}`);
});

const leftEarly = ofEvents('events, left at the third', async (events, { note }) => {
  let count = 0;
  for await (const event of events) {
    note('event', event);
    count += 1;
    if (count === 3) break;
  }
  await noteAll(events, note, 'again');
});

const EVENTS = [
  ...['connect', 'streamEvent', 'text', 'citation', 'inputJson', 'thinking', 'signature'],
  ...['message', 'contentBlock', 'compaction', 'finalMessage', 'error', 'abort', 'end'],
];

interface Helper {
  on(event: string, listener: (...given: unknown[]) => void): unknown;
  done(): Promise<void>;
  finalMessage(): Promise<unknown>;
  finalText(): Promise<unknown>;
  withResponse(): Promise<{ response: Response; request_id: unknown }>;
  currentMessage: unknown;
  receivedMessages: unknown;
  request_id: unknown;
  ended: boolean;
  errored: boolean;
  aborted: boolean;
}

function listen(helper: Helper, note: Note): void {
  for (const event of EVENTS) helper.on(event, (...given) => note(`on ${event}`, structuredCloneable(given)));
}

/** A listener is handed objects that grow later: what counts is what they were at that moment. */
function structuredCloneable(given: unknown[]): unknown {
  return given.map((each) => (each instanceof Error ? each : structuredClone(each)));
}

const helperThrough = (api: 'ga' | 'beta'): Reading => ({
  name: `the helper of the ${api} resource`,
  async read(scene) {
    const { note } = scene;
    const helper = messagesOf(scene, api).stream(paramsOf(scene), optionsOf(scene)) as unknown as Helper;
    listen(helper, note);
    // The helper is reading it meanwhile: how far it is depends on the turn of the event loop.
    await attempt(note, 'response', async () => {
      const { response, request_id } = await helper.withResponse();
      return [request_id, response.status, response.url, response.headers];
    });
    await attempt(note, 'done', () => helper.done());
    await attempt(note, 'final message', () => helper.finalMessage());
    await attempt(note, 'final text', () => helper.finalText());
    const { currentMessage, receivedMessages, request_id, ended, errored, aborted } = helper;
    note('state', { currentMessage, receivedMessages, request_id, ended, errored, aborted });
  },
});

export const SDK_READINGS: readonly Reading[] = [
  valuesThrough('ga'),
  valuesThrough('beta'),
  withResponse,
  readableStream,
  bothSides,
  leftEarly,
  helperThrough('ga'),
  helperThrough('beta'),
];

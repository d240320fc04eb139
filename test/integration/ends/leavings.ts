import type { Exchange } from './driven-provider.ts';
import { type EndsRig, PARAMS } from './ends-rig.ts';
import { PIECES } from './told-message.ts';

/** What the caller saw of its own leaving. */
export type Seen = unknown[];

/** One way to leave an answer in its midst. Returns when the caller is done. */
export interface Leaving {
  name: string;
  leave(rig: EndsRig): Promise<{ exchange: Exchange; seen: Seen }>;
}

export const PIECES_BEFORE = 5;

/** The request as it stands at the provider, answered as far as `PIECES_BEFORE`. */
async function begun(rig: EndsRig): Promise<Exchange> {
  const exchange = await rig.provider.arrived();
  exchange.begin();
  for (const piece of PIECES.slice(0, PIECES_BEFORE)) await exchange.send(piece);
  return exchange;
}

const told = (error: unknown) => {
  const { name, message, cause } = error as Error;
  return [(error as object).constructor.name, name, message, cause === undefined];
};

const seenBy = async (work: () => Promise<unknown>): Promise<unknown> => work().catch(told);

function byEvents(
  name: string,
  leave: (events: { controller: AbortController }, caller: AbortController) => boolean,
): Leaving {
  return {
    name,
    async leave(rig) {
      const caller = new AbortController();
      const asking = rig.claude.messages.create({ ...PARAMS, stream: true }, { signal: caller.signal });
      const exchange = await begun(rig);
      const events = await asking;
      const seen: Seen = [];
      const outcome = await seenBy(async () => {
        for await (const event of events) {
          seen.push(event.type);
          if (event.type === 'content_block_delta' && leave(events, caller)) break;
        }
      });
      return { exchange, seen: [...seen, outcome, events.controller.signal.aborted] };
    },
  };
}

function byResponse(name: string, leave: (response: Response) => Promise<unknown>): Leaving {
  return {
    name,
    async leave(rig) {
      const asking = rig.send(`${rig.provider.url}/v1/messages`, {
        method: 'POST',
        body: JSON.stringify({ ...PARAMS, stream: true }),
      });
      const exchange = await begun(rig);
      const response = await asking;
      const seen = [response.url === `${rig.provider.url}/v1/messages`, response.type, response.redirected];
      return { exchange, seen: [...seen, await seenBy(() => leave(response)), response.bodyUsed] };
    },
  };
}

export const BY_CLIENT: readonly Leaving[] = [
  byEvents('break', () => true),
  byEvents('controller.abort()', (events) => {
    events.controller.abort();
    return false;
  }),
  byEvents('the signal of the request', (_events, caller) => {
    caller.abort(new RangeError('The caller’s own reason.'));
    return false;
  }),
  {
    name: 'abort() of the stream helper',
    async leave(rig) {
      const helper = rig.claude.messages.stream(PARAMS);
      const exchange = await begun(rig);
      helper.on('text', () => helper.abort());
      const outcome = await seenBy(() => helper.finalMessage());
      return { exchange, seen: [outcome, helper.aborted] };
    },
  },
];

export const BY_RESPONSE: readonly Leaving[] = [
  byResponse('reader.cancel()', async (response) => {
    const reader = response.body?.getReader();
    await reader?.read();
    return [await reader?.cancel('enough'), await reader?.read()];
  }),
  byResponse('body.cancel()', async (response) => response.body?.cancel()),
  byResponse('leaving both of what tee() gave', async (response) => {
    const branches = response.body?.tee() ?? [];
    return Promise.all(branches.map((branch) => branch.cancel()));
  }),
  byResponse('leaving a response and its clone', async (response) => {
    const clone = response.clone();
    const bodies = [response.body, clone.body].map((body) => body?.cancel('enough'));
    return [clone.url === response.url, clone.type, clone.status, ...(await Promise.all(bodies))];
  }),
  byResponse('leaving a pipe', async (response) => {
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    await reader?.read();
    return reader?.cancel();
  }),
];

/** Aborts a raw request by a signal, while `read` waits for more. */
export const BY_SIGNAL: readonly Leaving[] = (['text', 'arrayBuffer', 'json', 'blob'] as const).map(
  (read) => ({
    name: `a signal during ${read}()`,
    async leave(rig) {
      const caller = new AbortController();
      const request = new Request(`${rig.provider.url}/v1/messages`, {
        method: 'POST',
        body: JSON.stringify({ ...PARAMS, stream: true }),
        signal: caller.signal,
      });
      const asking = rig.send(request);
      const exchange = await begun(rig);
      const reading = seenBy(() => asking.then((response) => response[read]()));
      await asking;
      caller.abort();
      return { exchange, seen: [await reading] };
    },
  }),
);

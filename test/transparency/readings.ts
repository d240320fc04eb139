import { BODY_READINGS } from './body-readings.ts';
import type { ReadBody } from './look.ts';
import type { Reading, Scene } from './observe.ts';
import { SDK_READINGS, send } from './sdk-readings.ts';

/** What a caller does who takes the response that the SDK was given. */
export const RESPONSE_READINGS: readonly Reading[] = BODY_READINGS.map(([name, read]) => ({
  name: `asResponse(), ${name}`,
  read: async (scene) => read(await send(scene).asResponse(), scene.note),
}));

const URL_OF = { messages: '/v1/messages', count_tokens: '/v1/messages/count_tokens' };

function post({ fetch: send, exchange, signal }: Scene): Promise<Response> {
  return send(`https://api.anthropic.com${URL_OF[exchange.endpoint]}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(exchange.params),
    signal,
  });
}

/** What a caller does who knows nothing but `fetch`. */
export const byFetch = (name: string, read: ReadBody): Reading => ({
  name,
  read: async (scene) => read(await post(scene), scene.note),
});

export const FETCH_READINGS: readonly Reading[] = BODY_READINGS.map(([name, read]) => byFetch(name, read));

export const CLIENT_READINGS: readonly Reading[] = [...SDK_READINGS, ...RESPONSE_READINGS];

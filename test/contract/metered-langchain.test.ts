import { type Meter, wrapClient } from '@tallygate/meter';
import Anthropic, { type ClientOptions } from 'sdk-0-122';
import { expect, it } from 'vitest';
import { type Call, describeMeteredClient } from './metered-client.contract.ts';
import { MODEL, message, meterRig, overloaded, scriptedProvider, TEXT } from './metered-fixtures.ts';
import { attributionHeaders, messageParams, sdkCase, throughFetch } from './metered-sdk.ts';

/**
 * As `ChatAnthropic` of @langchain/anthropic 1.5 makes its clients, with the SDK that it pins: the application's client options
 * first, then its own key, and no retries of the SDK, because it repeats calls itself. The package is not installed here: 58 MB
 * for what is one constructor.
 */
function chatAnthropicClient(
  clientOptions: ClientOptions,
  createClient = (options: ClientOptions) => new Anthropic(options),
) {
  return createClient({ dangerouslyAllowBrowser: true, ...clientOptions, apiKey: 'test', maxRetries: 0 });
}

const wireUrl = /^https:\/\/api\.anthropic\.com\/v1\/messages$/;
const build = ({ fetch }: { fetch: typeof globalThis.fetch }) =>
  chatAnthropicClient({ fetch, logLevel: 'off' });

describeMeteredClient({
  ...sdkCase({
    name: 'LangChain’s client through clientOptions.fetch',
    build,
    placement: { ...throughFetch, options: invokeOptions },
    wireUrl,
    retries: false,
    tiesTries: false,
    denial: { status: 429, error: { error: { type: 'TALLYGATE_BUDGET_EXCEEDED' } } },
  }),
});

/** What a call's `invoke` options become. */
function invokeOptions({ attribution, signal }: Call): object {
  return { headers: attributionHeaders(attribution), signal, maxRetries: undefined };
}

function wrappedClient(meter: Meter, fetch: typeof globalThis.fetch) {
  return chatAnthropicClient({ fetch, logLevel: 'off' }, (options) =>
    wrapClient(new Anthropic(options), meter.middleware),
  );
}

it('LangChain’s client can be wrapped where createClient makes it, and what LangChain repeats is metered each time', async () => {
  const { meter, events } = meterRig();
  const { fetch } = scriptedProvider([overloaded, message]);
  const claude = wrappedClient(meter, fetch);
  const ask = () => claude.messages.create(messageParams(MODEL));
  const answer = await ask().catch(ask);
  await meter.close();
  expect(answer.content).toMatchObject([{ text: TEXT }]);
  expect(events.map(({ status, httpStatus }) => [status, httpStatus])).toEqual([
    ['error', 529],
    ['ok', 200],
  ]);
  expect(new Set(events.map(({ callId }) => callId)).size).toBe(2);
});

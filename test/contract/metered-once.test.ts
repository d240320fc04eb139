import { AnthropicFoundry } from '@anthropic-ai/foundry-sdk';
import Anthropic from '@anthropic-ai/sdk';
import { type Meter, wrapClient } from '@tallygate/meter';
import Sdk103 from 'sdk-0-103';
import Sdk122 from 'sdk-0-122';
import { describe, expect, it, vi } from 'vitest';
import { MESSAGE_COST_NANO_USD, MODEL, message, meterRig, scriptedProvider } from './metered-fixtures.ts';
import { messageParams, type SdkClient } from './metered-sdk.ts';

const builds: [string, (options: object) => SdkClient][] = [
  ['SDK 1.11', (options) => new Anthropic({ apiKey: 'test', ...options })],
  ['SDK 0.122', (options) => new Sdk122({ apiKey: 'test', ...options })],
  ['SDK 0.103', (options) => new Sdk103({ apiKey: 'test', ...options })],
  ['Foundry client', (options) => new AnthropicFoundry({ apiKey: 'test', resource: 'acme', ...options })],
];

const post = { method: 'POST', body: JSON.stringify(messageParams(MODEL)) };
const URL_TEXT = 'https://api.anthropic.com/v1/messages';

/** What an application may put between a client and the fetch that it was given. */
const between: [string, (inner: typeof fetch) => typeof fetch][] = [
  ['nothing', (inner) => inner],
  ['a fetch that builds a Request of its own', (inner) => (input, init) => inner(new Request(input, init))],
  ['another tally.fetch', (inner) => meterRig().meter.fetch(inner)],
];

async function costsOf(call: (meter: Meter, provider: typeof fetch) => Promise<unknown>) {
  const { meter, gate, events } = meterRig();
  const provider = scriptedProvider([message]);
  await call(meter, provider.fetch);
  await meter.close();
  const [budget] = await gate.balances();
  return { rows: events.length, sends: provider.received.length, spentNanoUsd: budget?.spent };
}

const ONCE = { rows: 1, sends: 1, spentNanoUsd: MESSAGE_COST_NANO_USD };
const TWICE = { rows: 2, sends: 2, spentNanoUsd: 2n * MESSAGE_COST_NANO_USD };

describe('a call is metered once', () => {
  const cases = builds.flatMap(([name, build]) =>
    between.map(([what, put]) => [name, what, build, put] as const),
  );

  it.each(cases)(
    'when %s is wrapped and given tally.fetch, with %s between',
    async (_name, _what, build, put) => {
      const costs = await costsOf((meter, provider) => {
        const client = build({ fetch: put(meter.fetch(provider)) });
        return Promise.resolve(
          wrapClient(client, meter.middleware).messages.create(messageParams(MODEL) as never),
        );
      });
      expect(costs).toEqual(ONCE);
    },
  );

  it('when one tally.fetch sends by another', async () => {
    const costs = await costsOf(async (meter, provider) =>
      (await meter.fetch(meter.fetch(provider))(URL_TEXT, post)).json(),
    );
    expect(costs).toEqual(ONCE);
  });
});

describe('two calls are metered twice', () => {
  it('side by side in one scope', async () => {
    const costs = await costsOf(async (meter, provider) => {
      const tallyFetch = meter.fetch(provider);
      const responses = await Promise.all([tallyFetch(URL_TEXT, post), tallyFetch(URL_TEXT, post)]);
      return Promise.all(responses.map((response) => response.json()));
    });
    expect(costs).toEqual(TWICE);
  });

  it('when the second was started inside the first and is made after its answer', async () => {
    const costs = await costsOf(async (meter, provider) => {
      const tallyFetch = meter.fetch(provider);
      let onAnswer: () => void = () => undefined;
      let inBackground: Promise<unknown> | null = null;
      const starting: typeof fetch = (input, init) => {
        inBackground = new Promise<void>((resolve) => {
          onAnswer = resolve;
        }).then(async () => (await tallyFetch(URL_TEXT, post)).json());
        return provider(input, init);
      };
      await (await meter.fetch(starting)(URL_TEXT, post)).json();
      onAnswer();
      await inBackground;
    });
    expect(costs).toEqual(TWICE);
  });
});

describe('a batch is metered once', () => {
  it('when a wrapped client is given tally.fetch: one hold, none left behind by a second look', async () => {
    const { meter, gate } = meterRig();
    const batch = { id: 'msgbatch_1', type: 'message_batch', processing_status: 'in_progress' };
    const provider = scriptedProvider([() => Response.json(batch)]);
    const reserved = vi.spyOn(gate, 'reserve');
    const client = new Anthropic({ apiKey: 'test', fetch: meter.fetch(provider.fetch) });
    const requests = [{ custom_id: 'a', params: messageParams(MODEL) }];
    await wrapClient(client, meter.middleware).messages.batches.create({ requests });
    await meter.close();
    expect(provider.received).toHaveLength(1);
    expect(reserved).toHaveBeenCalledTimes(1);
  });
});

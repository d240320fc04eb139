import { wrapClient } from '@tallygate/meter';
import Anthropic from 'sdk-0-60';
import { describe, expect, it } from 'vitest';
import { describeMeteredClient } from './metered-client.contract.ts';
import { message, meterRig, overloaded, scriptedProvider } from './metered-fixtures.ts';
import { messageParams, sdkCase, throughFetch } from './metered-sdk.ts';

const build = (options: object) => new Anthropic({ apiKey: 'test', ...options });
const wireUrl = /^https:\/\/api\.anthropic\.com\/v1\/messages$/;

describeMeteredClient(
  sdkCase({ name: 'SDK 0.60, which has no middleware', build, placement: throughFetch, wireUrl }),
);

describe('SDK 0.60', () => {
  it('is refused by wrap with a cure that names tally.fetch', () => {
    expect(() => wrapClient(build({}), meterRig().meter.middleware)).toThrow(
      expect.objectContaining({
        code: 'TALLYGATE_CLIENT_UNSUPPORTED',
        cure: expect.stringContaining('tally.fetch'),
      }),
    );
  });

  it('has its retries numbered by its own header, though nothing ties them to one call', async () => {
    const { meter, events } = meterRig();
    const { fetch } = scriptedProvider([overloaded, message]);
    await build({ fetch: meter.fetch(fetch), logLevel: 'off' }).messages.create(
      messageParams('claude-haiku-5-5'),
    );
    await meter.close();
    expect(events.map(({ attemptNumber }) => attemptNumber)).toEqual([1, 2]);
  });
});

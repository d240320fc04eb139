import Anthropic from '@anthropic-ai/sdk';
import { describeMeteredClient } from './metered-client.contract.ts';
import { describeOwnMiddleware } from './metered-middleware.contract.ts';
import { sdkCase, throughFetch, wrapped } from './metered-sdk.ts';

const build = (options: object) => new Anthropic({ apiKey: 'test', ...options });
const wireUrl = /^https:\/\/api\.anthropic\.com\/v1\/messages$/;

describeMeteredClient(sdkCase({ name: 'SDK 1.11', build, placement: wrapped, wireUrl }));
describeMeteredClient(
  sdkCase({ name: 'SDK 1.11 through tally.fetch', build, placement: throughFetch, wireUrl }),
);
describeOwnMiddleware('SDK 1.11', build);

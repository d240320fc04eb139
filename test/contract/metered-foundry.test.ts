import { AnthropicFoundry } from '@anthropic-ai/foundry-sdk';
import { describeMeteredClient } from './metered-client.contract.ts';
import { describeOwnMiddleware } from './metered-middleware.contract.ts';
import { sdkCase, wrapped } from './metered-sdk.ts';

const build = (options: object) => new AnthropicFoundry({ apiKey: 'test', resource: 'acme', ...options });
const wireUrl = /^https:\/\/acme\.services\.ai\.azure\.com\/anthropic\/v1\/messages$/;

describeMeteredClient(
  sdkCase({ name: 'Foundry client', build, placement: wrapped, wireUrl, backend: 'foundry' }),
);
describeOwnMiddleware('Foundry client', build);

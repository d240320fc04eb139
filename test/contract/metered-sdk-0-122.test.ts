import Anthropic from 'sdk-0-122';
import { describeMeteredClient } from './metered-client.contract.ts';
import { describeOwnMiddleware } from './metered-middleware.contract.ts';
import { sdkCase, wrapped } from './metered-sdk.ts';

const build = (options: object) => new Anthropic({ apiKey: 'test', ...options });
const wireUrl = /^https:\/\/api\.anthropic\.com\/v1\/messages$/;

describeMeteredClient(sdkCase({ name: 'SDK 0.122', build, placement: wrapped, wireUrl }));
describeOwnMiddleware('SDK 0.122', build);

import { AnthropicVertex } from '@anthropic-ai/vertex-sdk';
import { describeMeteredClient } from './metered-client.contract.ts';
import { MESSAGE_COST_NANO_USD } from './metered-fixtures.ts';
import { describeOwnMiddleware } from './metered-middleware.contract.ts';
import { sdkCase, wrapped } from './metered-sdk.ts';

/** Stands for Google's credentials. */
const authClient = {
  projectId: 'p',
  getRequestHeaders: async () => new Headers({ authorization: 'Bearer t' }),
};

const inRegion = (region: string) => (options: object) =>
  new AnthropicVertex({ region, projectId: 'p', authClient: authClient as never, ...options });
const vertex = { placement: wrapped, backend: 'vertex' as const };

describeMeteredClient(
  sdkCase({
    ...vertex,
    name: 'Vertex client on the global endpoint',
    build: inRegion('global'),
    wireUrl:
      /^https:\/\/aiplatform\.googleapis\.com\/v1\/projects\/p\/locations\/global\/.*:(streamR|r)awPredict$/,
  }),
);
describeMeteredClient(
  sdkCase({
    ...vertex,
    name: 'Vertex client in a region, at a tenth more',
    build: inRegion('us-east5'),
    costNanoUsd: (MESSAGE_COST_NANO_USD * 110n) / 100n,
    wireUrl: /^https:\/\/us-east5-aiplatform\.googleapis\.com\/v1\/projects\/p\/locations\/us-east5\//,
  }),
);
describeOwnMiddleware('Vertex client', inRegion('global'));

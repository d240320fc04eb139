import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import { eventStreamFraming } from './aws-event-stream.ts';
import { describeMeteredClient } from './metered-client.contract.ts';
import { MESSAGE_COST_NANO_USD, MODEL } from './metered-fixtures.ts';
import { describeOwnMiddleware } from './metered-middleware.contract.ts';
import { sdkCase, wrapped } from './metered-sdk.ts';

const signing = (options: object) =>
  new AnthropicBedrock({
    awsRegion: 'eu-west-1',
    awsAccessKey: 'AKIATEST',
    awsSecretKey: 'secret',
    ...options,
  });
const bedrock = {
  placement: wrapped,
  backend: 'bedrock' as const,
  framing: eventStreamFraming,
  // Also without us: this client's `break` waits for the next frame.
  leavesBy: 'signal' as const,
  build: signing,
};

describeMeteredClient(
  sdkCase({
    ...bedrock,
    name: 'Bedrock client with a global profile',
    model: `global.anthropic.${MODEL}`,
    wireUrl: /^https:\/\/bedrock-runtime\.eu-west-1\.amazonaws\.com\/model\/global\.[a-z0-9.-]+\/invoke/,
  }),
);
describeMeteredClient(
  sdkCase({
    ...bedrock,
    name: 'Bedrock client with a regional profile, at a tenth more',
    model: `eu.anthropic.${MODEL}`,
    costNanoUsd: (MESSAGE_COST_NANO_USD * 110n) / 100n,
    wireUrl: /\/model\/eu\.anthropic\.[a-z0-9.-]+\/invoke/,
  }),
);
describeOwnMiddleware('Bedrock client', signing);

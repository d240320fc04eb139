import { NO_USAGE } from '@tallygate/usage';
import { collectSpans } from './opentelemetry.ts';
import { numberOf, objectAt, type Peer, type SdkModule, textOf } from './peer.ts';

interface Instrumentation {
  AnthropicInstrumentation: new (options: {
    tracerProvider: unknown;
  }) => { manuallyInstrument(sdk: unknown): void };
}

export const openinference: Peer = {
  name: '@arizeai/openinference-instrumentation-anthropic',
  environment: {},
  open(load) {
    const spans = collectSpans(load, openinference.name);
    const { AnthropicInstrumentation } = load(openinference.name) as Instrumentation;
    const sdk = load('@anthropic-ai/sdk') as SdkModule;
    new AnthropicInstrumentation({ tracerProvider: spans.provider }).manuallyInstrument(sdk);
    return {
      client: (options) => new sdk.Anthropic(options),
      take: spans.take,
      figuresOf(record) {
        const found = objectAt(record, 'attributes');
        const cacheRead = numberOf(found['llm.token_count.prompt_details.cache_read']);
        const cacheWrite = numberOf(found['llm.token_count.prompt_details.cache_write']);
        const usage = {
          ...NO_USAGE,
          uncachedInputTokens: numberOf(found['llm.token_count.prompt']) - cacheRead - cacheWrite,
          cacheReadInputTokens: cacheRead,
          cacheWriteUnsplitInputTokens: cacheWrite,
          outputTokens: numberOf(found['llm.token_count.completion']),
        };
        return { model: textOf(found['llm.model_name']), usage, costUsd: null };
      },
    };
  },
};

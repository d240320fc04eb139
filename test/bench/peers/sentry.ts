import type Anthropic from '@anthropic-ai/sdk';
import { NO_USAGE } from '@tallygate/usage';
import { numberOf, objectAt, type Peer, type SdkModule, textOf } from './peer.ts';

interface Sentry {
  init(options: Record<string, unknown>): void;
  flush(timeoutMs: number): Promise<boolean>;
  instrumentAnthropicAiClient(claude: Anthropic): Anthropic;
}

type Envelope = [header: unknown, items: [header: { type: string }, payload: unknown][]];

function keepIn(transactions: unknown[]) {
  return {
    async send([, items]: Envelope) {
      for (const [{ type }, payload] of items) if (type === 'transaction') transactions.push(payload);
      return {};
    },
    flush: async () => true,
  };
}

/** Its own hook stops before SDK 1.0, the wrapper that it exports for such cases does not. */
export const sentry: Peer = {
  name: '@sentry/node',
  environment: {},
  open(load) {
    const library = load(sentry.name) as Sentry;
    const sdk = load('@anthropic-ai/sdk') as SdkModule;
    const transactions: unknown[] = [];
    library.init({
      dsn: 'https://public@127.0.0.1/1',
      tracesSampleRate: 1,
      transport: () => keepIn(transactions),
    });
    return {
      client: (options) => library.instrumentAnthropicAiClient(new sdk.Anthropic(options)),
      async take() {
        await library.flush(10_000);
        return transactions.splice(0);
      },
      figuresOf(record) {
        const found = objectAt(record, 'contexts', 'trace', 'data');
        const cacheRead = numberOf(found['gen_ai.usage.cache_read.input_tokens']);
        const cacheWrite = numberOf(found['gen_ai.usage.cache_creation.input_tokens']);
        const usage = {
          ...NO_USAGE,
          uncachedInputTokens: numberOf(found['gen_ai.usage.input_tokens']) - cacheRead - cacheWrite,
          cacheReadInputTokens: cacheRead,
          cacheWriteUnsplitInputTokens: cacheWrite,
          outputTokens: numberOf(found['gen_ai.usage.output_tokens']),
        };
        const model = textOf(found['gen_ai.response.model'], found['gen_ai.request.model']);
        return { model, usage, costUsd: null };
      },
    };
  },
};

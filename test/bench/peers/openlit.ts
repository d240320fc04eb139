import { builtinPriceBook, findPrice } from '@tallygate/pricing';
import { NO_USAGE } from '@tallygate/usage';
import { EXCHANGES, PRICED_AT_MS } from './exchanges.ts';
import { collectSpans } from './opentelemetry.ts';
import { numberOf, objectAt, type Peer, type SdkModule, textOf } from './peer.ts';

interface Library {
  default: { init(options: Record<string, unknown>): void };
}

interface Api {
  trace: { setGlobalTracerProvider(provider: unknown): boolean; getTracerProvider(): object };
}

const PICO_USD_PER_USD = 1e12;

/** The list prices in its own form, US dollars per 1,000 tokens: its own table is fetched from the network. */
function pricesForIt(): Record<string, Record<string, number>> {
  const models = [...new Set(EXCHANGES.map(({ model }) => model))];
  return Object.fromEntries(models.map((model) => [model, pricesOf(model)]));
}

function pricesOf(model: string): Record<string, number> {
  const query = {
    model,
    backend: 'anthropic',
    atMs: PRICED_AT_MS,
    speed: null,
    promptBand: 'standard',
  } as const;
  const rates = findPrice(builtinPriceBook, query)?.rates;
  if (!rates) throw new Error(`There is no list price of ${model}.`);
  const perThousand = (picoUsd: bigint) => (Number(picoUsd) * 1_000) / PICO_USD_PER_USD;
  return {
    promptPrice: perThousand(rates.uncachedInputPicoUsd),
    completionPrice: perThousand(rates.outputPicoUsd),
    cacheReadPrice: perThousand(rates.cacheReadPicoUsd),
    cacheCreationPrice: perThousand(rates.cacheWrite5mPicoUsd),
  };
}

export const openlit: Peer = {
  name: 'openlit',
  environment: {},
  open(load) {
    const spans = collectSpans(load, '@openlit/instrumentation-anthropic');
    const { trace } = load('@opentelemetry/api') as Api;
    trace.setGlobalTracerProvider(spans.provider);
    // It joins the application's pipeline only where that has this method, else it replaces it by one to the network.
    Object.assign(trace.getTracerProvider(), { addSpanProcessor: () => undefined });
    const prices = { pricingJson: { chat: pricesForIt() } };
    (load(openlit.name) as Library).default.init({ ...prices, disableMetrics: true, disableEvents: true });
    const sdk = load('@anthropic-ai/sdk') as SdkModule;
    return {
      client: (options) => new sdk.Anthropic(options),
      take: spans.take,
      figuresOf(record) {
        const found = objectAt(record, 'attributes');
        const usage = {
          ...NO_USAGE,
          uncachedInputTokens: numberOf(found['gen_ai.usage.input_tokens']),
          cacheReadInputTokens: numberOf(found['gen_ai.usage.cache_read.input_tokens']),
          cacheWriteUnsplitInputTokens: numberOf(found['gen_ai.usage.cache_creation.input_tokens']),
          outputTokens: numberOf(found['gen_ai.usage.output_tokens']),
        };
        const model = textOf(found['gen_ai.response.model'], found['gen_ai.request.model']);
        return { model, usage, costUsd: numberOf(found['gen_ai.usage.cost']) };
      },
    };
  },
};

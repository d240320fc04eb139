import type Anthropic from '@anthropic-ai/sdk';
import { NO_USAGE } from '@tallygate/usage';
import { numberOf, objectAt, type Peer, type SdkModule, textOf } from './peer.ts';

interface Braintrust {
  initLogger(options: Record<string, unknown>): unknown;
  wrapAnthropic(claude: Anthropic): Anthropic;
  _exportsForTestingOnly: {
    setInitialTestState(): Promise<void>;
    simulateLoginForTests(): Promise<unknown>;
    useTestBackgroundLogger(): { drain(): Promise<unknown[]> };
  };
}

export const braintrust: Peer = {
  name: 'braintrust',
  environment: { BRAINTRUST_API_KEY: 'none' },
  async open(load) {
    const library = load(braintrust.name) as Braintrust;
    const sdk = load('@anthropic-ai/sdk') as SdkModule;
    const testing = library._exportsForTestingOnly;
    await testing.setInitialTestState();
    await testing.simulateLoginForTests();
    const kept = testing.useTestBackgroundLogger();
    library.initLogger({ projectName: 'bench', projectId: 'bench' });
    return {
      client: (options) => library.wrapAnthropic(new sdk.Anthropic(options)),
      take: () => kept.drain(),
      figuresOf(record) {
        const found = objectAt(record, 'metrics');
        const split = {
          cacheWrite5mInputTokens: numberOf(found['prompt_cache_creation_5m_tokens']),
          cacheWrite1hInputTokens: numberOf(found['prompt_cache_creation_1h_tokens']),
        };
        const writes = Math.max(
          numberOf(found['prompt_cache_creation_tokens']),
          split.cacheWrite5mInputTokens + split.cacheWrite1hInputTokens,
        );
        const cacheRead = numberOf(found['prompt_cached_tokens']);
        const usage = {
          ...NO_USAGE,
          ...split,
          uncachedInputTokens: numberOf(found['prompt_tokens']) - cacheRead - writes,
          cacheReadInputTokens: cacheRead,
          cacheWriteUnsplitInputTokens:
            writes - split.cacheWrite5mInputTokens - split.cacheWrite1hInputTokens,
          outputTokens: numberOf(found['completion_tokens']),
          webSearchRequests: numberOf(found['server_tool_use_web_search_requests']),
        };
        return { model: textOf(objectAt(record, 'metadata')['model']), usage, costUsd: null };
      },
    };
  },
};

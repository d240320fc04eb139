import type Anthropic from '@anthropic-ai/sdk';
import { NO_USAGE } from '@tallygate/usage';
import { numberOf, objectAt, type Peer, type SdkModule, textOf } from './peer.ts';

interface Langsmith {
  wrapAnthropic(claude: Anthropic, options: { client: unknown; tracingEnabled: boolean }): Anthropic;
}

/** What its tracer needs of a LangSmith client: the two writes. Both halves of a run are kept. */
function keepRuns() {
  const runs = new Map<string, Record<string, unknown>>();
  const keep = (id: string, half: object) => runs.set(id, { ...runs.get(id), ...half });
  return {
    runs,
    client: {
      createRun: async (run: { id: string }) => void keep(run.id, run),
      updateRun: async (id: string, run: object) => void keep(id, run),
      awaitPendingTraceBatches: async () => undefined,
    },
  };
}

export const langsmith: Peer = {
  name: 'langsmith',
  environment: { LANGSMITH_TRACING: 'true' },
  open(load) {
    const { wrapAnthropic } = load('langsmith/wrappers/anthropic') as Langsmith;
    const sdk = load('@anthropic-ai/sdk') as SdkModule;
    const { runs, client } = keepRuns();
    return {
      client: (options) => wrapAnthropic(new sdk.Anthropic(options), { client, tracingEnabled: true }),
      async take() {
        const taken = [...runs.values()];
        runs.clear();
        return taken;
      },
      figuresOf(record) {
        const found = objectAt(record, 'outputs', 'usage_metadata');
        const details = objectAt(found['input_token_details']);
        const classes = {
          cacheReadInputTokens: numberOf(details['cache_read']),
          cacheWrite5mInputTokens: numberOf(details['ephemeral_5m_input_tokens']),
          cacheWrite1hInputTokens: numberOf(details['ephemeral_1hr_input_tokens']),
        };
        const cached = Object.values(classes).reduce((sum, tokens) => sum + tokens, 0);
        const usage = {
          ...NO_USAGE,
          ...classes,
          uncachedInputTokens: numberOf(found['input_tokens']) - cached,
          outputTokens: numberOf(found['output_tokens']),
        };
        return { model: textOf(objectAt(record, 'outputs')['model']), usage, costUsd: null };
      },
    };
  },
};

import { utcDay } from '../billing/charge.ts';
import { canonicalJson, type JsonObject } from '../json.ts';
import type { ApiKey } from '../keys.ts';
import type { Provider } from '../provider.ts';
import { invalidRequest } from '../provider-error.ts';
import { createRandom } from '../random.ts';
import { planAnswer } from './answer.ts';
import type { ServedMessage } from './events.ts';
import { segmentsOf, totalTokens } from './prompt.ts';
import { type MessageRequest, readMessageRequest } from './request.ts';

/** Makes the length of an answer the caller's choice: what the model would say without any limit, in tokens. */
export const OUTPUT_TOKENS_HEADER = 'x-simulator-output-tokens';

/** Asking for the same message as JSON or as a stream must not change it. */
const NOT_PART_OF_QUESTION = new Set(['stream', 'metadata']);

/**
 * From a request to the message that answers it: checked, counted, found in the cache or written to it, and planned.
 * @throws ProviderError for whatever the provider refuses. Nothing is cached for a refused request.
 */
export function admit(
  provider: Provider,
  caller: { apiKey: ApiKey; headers: Headers; startedMs: number },
  body: JsonObject,
): ServedMessage {
  const nowMs = caller.startedMs;
  const request = readMessageRequest(body, utcDay(nowMs));
  const wantedTokens = readWantedTokens(caller.headers);
  const segments = segmentsOf(body, request.model);
  requireFits(request, totalTokens(segments));
  const scope = `${provider.workspaceIdOf(caller.apiKey)}|${request.model.id}`;
  const input = provider.promptCache.admit({ scope, segments, nowMs });
  const random = createRandom(`${provider.options.seed}:${canonicalJson(body, NOT_PART_OF_QUESTION)}`);
  const answer = planAnswer({ request, random, wantedTokens });
  return { id: provider.newId('msg'), request, input, answer };
}

function requireFits({ model }: MessageRequest, promptTokens: number): void {
  if (promptTokens <= model.contextTokens) return;
  throw invalidRequest(`prompt is too long: ${promptTokens} tokens > ${model.contextTokens} maximum`);
}

function readWantedTokens(headers: Headers): number | null {
  const text = headers.get(OUTPUT_TOKENS_HEADER);
  if (text === null) return null;
  const tokens = Number(text);
  if (!Number.isSafeInteger(tokens) || tokens < 1) {
    throw invalidRequest(`${OUTPUT_TOKENS_HEADER}: Input should be a positive integer`);
  }
  return tokens;
}

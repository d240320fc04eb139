import { createHash, createHmac } from 'node:crypto';
import type { APIRequest } from '@anthropic-ai/sdk';
import { isObject } from '../answer.ts';
import { type RequestFacts, readRequestFacts } from '../request-facts.ts';

/** One request of a batch, as it will be estimated. */
export interface BatchItemRequest {
  customId: string;
  facts: RequestFacts;
}

/** The requests of a batch that is about to be created; null when the provider will refuse the body anyway. */
export function readBatchRequests(request: APIRequest): BatchItemRequest[] | null {
  const body = typeof request.body === 'string' ? parsedOrNull(request.body) : null;
  const requests = isObject(body) ? body['requests'] : null;
  if (!Array.isArray(requests) || !requests.every(isObject)) return null;
  const items = requests.flatMap(({ custom_id: customId, params }): BatchItemRequest[] => {
    const facts = readRequestFacts({ ...request, body: JSON.stringify(params ?? null) });
    return facts === null || typeof customId !== 'string' ? [] : [{ customId, facts }];
  });
  return items.length === requests.length ? items : null;
}

/** Facts of the batch as one request, for the denial's row and the hold: the amounts are summed item by item elsewhere. */
export function factsOfBatch(items: readonly BatchItemRequest[]): RequestFacts {
  const sum = (of: (facts: RequestFacts) => number) =>
    items.reduce((total, { facts }) => total + of(facts), 0);
  return {
    model: mostUsedModel(items),
    models: [...new Set(items.map(({ facts }) => facts.model))],
    maxOutputTokens: sum((facts) => facts.maxOutputTokens),
    streamed: false,
    promptTokens: sum((facts) => facts.promptTokens),
    cacheWriteTtl: null,
    speed: null,
    inferenceGeo: null,
    webSearchMaxUses: sum((facts) => facts.webSearchMaxUses),
    iterations: 1,
  };
}

function mostUsedModel(items: readonly BatchItemRequest[]): string {
  const counts = new Map<string, number>();
  for (const { facts } of items) counts.set(facts.model, (counts.get(facts.model) ?? 0) + 1);
  const [most] = [...counts].sort(([, left], [, right]) => right - left);
  return most?.[0] ?? '';
}

/** Of the items that do not ask for the batch's usual model: batches mostly use one, and may have 100,000 items. */
export function otherModels(
  items: readonly BatchItemRequest[],
  usualModel: string,
  hash: (customId: string) => string,
): Record<string, string> {
  const others = items.filter(({ facts }) => facts.model !== usualModel);
  return Object.fromEntries(others.map(({ customId, facts }) => [hash(customId), facts.model]));
}

/** Custom ids can name people. They are pseudonymised as users are; the batch id keeps equal ones of two batches apart. */
export function customIdHash(pseudonymKey: string | null, batchId: string): (customId: string) => string {
  const hash = () => (pseudonymKey === null ? createHash('sha256') : createHmac('sha256', pseudonymKey));
  return (customId) =>
    hash()
      .update(JSON.stringify([batchId, customId]))
      .digest('base64url')
      .slice(0, 22);
}

function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

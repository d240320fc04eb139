import type { APIRequest } from '@anthropic-ai/sdk';
import type { CacheWriteTtl, ServerSideWork } from '@tallygate/pricing';
import { isObject } from './answer.ts';
import { promptSizeOf, promptTokensOf } from './estimate-prompt.ts';
import { loopOf } from './estimate-server-side.ts';
import { withoutAddress } from './pseudonym.ts';
import { type StablePrefix, stablePrefixOf } from './stable-prefix.ts';

/** What the estimate needs to know of a request. Read from the bytes that are sent, not from what the caller passed first. */
export interface RequestFacts {
  model: string;
  /** Of a batch whose items ask for several: all of them. */
  models?: readonly string[];
  maxOutputTokens: number;
  streamed: boolean;
  /** Upper estimate of everything the model will read. */
  promptTokens: number;
  cacheWriteTtl: CacheWriteTtl;
  speed: string | null;
  inferenceGeo: string | null;
  webSearchMaxUses: number;
  /** How often a server-side tool loop may sample again. 1 without server tools. */
  iterations: number;
  /** Absent where the provider does nothing beyond one pass. */
  serverSide?: ServerSideWork;
  /** The customer behind a user profile is billed, not us. Absent where nobody looked. */
  isBilledElsewhere?: boolean;
  /** Absent where nobody looked: an item of a batch has no cache to advise on. */
  stablePrefix?: StablePrefix;
}

/** The facts of the same request with another `max_tokens`, as far as they cost: its text is read once for all of them. */
export function factsByMaxTokens(
  request: APIRequest,
  facts: RequestFacts,
): (maxOutputTokens: number) => RequestFacts {
  const text = String(request.body);
  const body = parseObject(text) ?? {};
  const size = promptSizeOf(text, body);
  const { speed } = facts;
  const model = textOr(body['model'], '');
  return (maxOutputTokens) => ({
    ...facts,
    maxOutputTokens,
    ...loopOf(body, { model, maxOutputTokens, speed }, size),
  });
}

/**
 * Null when the body is not a JSON object: the provider will refuse it, and there is nothing to estimate.
 * @param pseudonymKey what the stable prefix is hashed with; null: its length alone. Without it nobody looks at the prefix.
 */
export function readRequestFacts(request: APIRequest, pseudonymKey?: string | null): RequestFacts | null {
  const text = typeof request.body === 'string' ? request.body : null;
  const body = text === null ? null : parseObject(text);
  if (text === null || body === null) return null;
  const model = textOr(body['model'], '');
  const speed = textOr(body['speed'], null);
  const maxOutputTokens = ceilingOf(body['max_tokens']);
  const size = promptSizeOf(text, body);
  const facts: RequestFacts = {
    model: withoutAddress(model, pseudonymKey ?? null),
    maxOutputTokens,
    streamed: body['stream'] === true,
    promptTokens: promptTokensOf(size, model),
    cacheWriteTtl: cacheWriteTtl(text),
    speed,
    inferenceGeo: textOr(body['inference_geo'], null),
    isBilledElsewhere: billTo(body['billing_policy']) === 'user_profile',
    ...loopOf(body, { model, maxOutputTokens, speed }, size),
  };
  if (pseudonymKey !== undefined) facts.stablePrefix = stablePrefixOf(body, pseudonymKey);
  return facts;
}

function textOr<Fallback>(value: unknown, fallback: Fallback): string | Fallback {
  return typeof value === 'string' ? value : fallback;
}

function ceilingOf(maxTokens: unknown): number {
  return typeof maxTokens === 'number' && maxTokens > 0 ? Math.ceil(maxTokens) : 0;
}

/** A payer that is new is taken for us. */
function billTo(policy: unknown): unknown {
  return typeof policy === 'object' && policy !== null && 'bill_to' in policy ? policy.bill_to : undefined;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** The dearest class a cache write of this request can fall into. A false hit in prompt text only raises the hold. */
function cacheWriteTtl(text: string): CacheWriteTtl {
  if (!text.includes('"cache_control"')) return null;
  return /"ttl"\s*:\s*"1h"/.test(text) ? '1h' : '5m';
}

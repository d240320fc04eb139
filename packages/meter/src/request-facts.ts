import type { APIRequest } from '@anthropic-ai/sdk';
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
  cacheWriteTtl: '5m' | '1h' | null;
  speed: string | null;
  inferenceGeo: string | null;
  webSearchMaxUses: number;
  /** How often a server-side tool loop may sample again. 1 without server tools. */
  iterations: number;
  /** The customer behind a user profile is billed, not us. Absent where nobody looked. */
  isBilledElsewhere?: boolean;
  /** Absent where nobody looked: an item of a batch has no cache to advise on. */
  stablePrefix?: StablePrefix;
}

/** Newer tokenizers need about one token per 2.5 bytes of text; a tenth more keeps the estimate above the count. */
const BYTES_PER_TOKEN = 2.5 / 1.1;
/** The provider scales images down to what costs about this much at most. */
const TOKENS_PER_IMAGE = 5_000;
/** Pages are about 25 kB of base64 and cost up to about 3,000 tokens each. */
const BASE64_BYTES_PER_DOCUMENT_TOKEN = 8;
/** Where a request sets no `max_uses`; the provider publishes no limit of its own. */
const SERVER_TOOL_MAX_USES = 10;

interface RequestBody {
  model?: unknown;
  max_tokens?: unknown;
  stream?: unknown;
  speed?: unknown;
  inference_geo?: unknown;
  tools?: unknown;
  system?: unknown;
  billing_policy?: unknown;
}

/**
 * Null when the body is not a JSON object: the provider will refuse it, and there is nothing to estimate.
 * @param pseudonymKey what the stable prefix is hashed with; null: its length alone. Without it nobody looks at the prefix.
 */
export function readRequestFacts(request: APIRequest, pseudonymKey?: string | null): RequestFacts | null {
  const text = typeof request.body === 'string' ? request.body : null;
  const body = text === null ? null : parseObject(text);
  if (text === null || body === null) return null;
  const searches = webSearchMaxUses(body.tools);
  return {
    model: typeof body.model === 'string' ? withoutAddress(body.model, pseudonymKey ?? null) : '',
    maxOutputTokens:
      typeof body.max_tokens === 'number' && body.max_tokens > 0 ? Math.ceil(body.max_tokens) : 0,
    streamed: body.stream === true,
    promptTokens: promptTokens(text, body),
    cacheWriteTtl: cacheWriteTtl(text),
    speed: typeof body.speed === 'string' ? body.speed : null,
    inferenceGeo: typeof body.inference_geo === 'string' ? body.inference_geo : null,
    webSearchMaxUses: searches,
    iterations: 1 + searches,
    isBilledElsewhere: billTo(body.billing_policy) === 'user_profile',
    ...(pseudonymKey === undefined ? {} : { stablePrefix: stablePrefixOf(body, pseudonymKey) }),
  };
}

/** A payer that is new is taken for us. */
function billTo(policy: unknown): unknown {
  return typeof policy === 'object' && policy !== null && 'bill_to' in policy ? policy.bill_to : undefined;
}

function parseObject(text: string): RequestBody | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** Text counts by its bytes; base64 data would count a hundredfold, so it is taken out and counted by kind. */
function promptTokens(text: string, body: RequestBody): number {
  const attached = text.includes('"base64"') ? attachments(body) : { bytes: 0, tokens: 0 };
  const textBytes = Buffer.byteLength(text) - attached.bytes;
  return Math.ceil(textBytes / BYTES_PER_TOKEN) + attached.tokens;
}

function attachments(value: unknown): { bytes: number; tokens: number } {
  const total = { bytes: 0, tokens: 0 };
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { type, data, media_type: mediaType } = node as Record<string, unknown>;
    if (type === 'base64' && typeof data === 'string') {
      total.bytes += data.length;
      const isImage = typeof mediaType === 'string' && mediaType.startsWith('image/');
      total.tokens += isImage ? TOKENS_PER_IMAGE : Math.ceil(data.length / BASE64_BYTES_PER_DOCUMENT_TOKEN);
      return;
    }
    for (const child of Object.values(node)) visit(child);
  };
  visit(value);
  return total;
}

/** The dearest class a cache write of this request can fall into. A false hit in prompt text only raises the hold. */
function cacheWriteTtl(text: string): '5m' | '1h' | null {
  if (!text.includes('"cache_control"')) return null;
  return /"ttl"\s*:\s*"1h"/.test(text) ? '1h' : '5m';
}

function webSearchMaxUses(tools: unknown): number {
  if (!Array.isArray(tools)) return 0;
  return tools.reduce<number>((sum, tool: unknown) => {
    const { type, max_uses: maxUses } = (tool ?? {}) as Record<string, unknown>;
    if (typeof type !== 'string' || !type.startsWith('web_search_')) return sum;
    return sum + (typeof maxUses === 'number' && maxUses > 0 ? maxUses : SERVER_TOOL_MAX_USES);
  }, 0);
}

/**
 * What of a request stays the same from call to call and can be cached by the provider: tools, then system, in the order in
 * which they are cached. Only a keyed hash and a length of it are kept; they tell later whether a cache would have helped.
 */
import { createHmac } from 'node:crypto';

export interface StablePrefix {
  /** HMAC-SHA-256, 22 characters of base64url; null without a key, and where there is no prefix to hash. */
  hash: string | null;
  /** UTF-8 bytes of the canonical text; 0 without tools and system, null where it is too long to be looked at. */
  bytes: number | null;
}

/** A prefix beyond this many characters (some 300,000 tokens) is not looked at: hashing it would take the thread for too long. */
const PREFIX_CHARS_MAX = 2 ** 20;

/** Keeps these hashes apart from those of users under the same key. */
const DOMAIN = 'tallygate stable prefix 1\n';

const NONE: StablePrefix = Object.freeze({ hash: null, bytes: 0 });
const TOO_LONG: StablePrefix = Object.freeze({ hash: null, bytes: null });

export function stablePrefixOf(
  body: { tools?: unknown; system?: unknown },
  key: string | null,
): StablePrefix {
  const tools = listOf(body.tools).map(withoutBreakpoint);
  const system = blocksOf(body.system).map(withoutBreakpoint);
  if (tools.length === 0 && system.length === 0) return NONE;
  if (charsBeyond(PREFIX_CHARS_MAX, [tools, system]) < 0) return TOO_LONG;
  // The order of names inside a tool stays as it was sent: the provider's cache tells orders apart, and so must the hash.
  const text = JSON.stringify({ tools, system });
  const hash =
    key === null
      ? null
      : createHmac('sha256', key).update(DOMAIN).update(text).digest('base64url').slice(0, 22);
  return { hash, bytes: Buffer.byteLength(text) };
}

/** A system prompt as a plain string is one block of text; an application that begins to cache must write it so. */
function blocksOf(system: unknown): unknown[] {
  if (typeof system === 'string') return system === '' ? [] : [{ type: 'text', text: system }];
  return listOf(system);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Where breakpoints stand is no part of what is cached: with them and without, it is the same prefix. */
function withoutBreakpoint(block: unknown): unknown {
  if (typeof block !== 'object' || block === null || !('cache_control' in block)) return block;
  const { cache_control: _breakpoint, ...rest } = block;
  return rest;
}

/** What is left of the allowance after the strings within; stops counting as soon as it is used up. */
function charsBeyond(allowance: number, value: unknown): number {
  if (typeof value === 'string') return allowance - value.length;
  if (typeof value !== 'object' || value === null) return allowance - 1;
  let left = allowance;
  for (const name in value) {
    left = charsBeyond(left - name.length, (value as Record<string, unknown>)[name]);
    if (left < 0) break;
  }
  return left;
}

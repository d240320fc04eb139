import { createHash } from 'node:crypto';
import { canonicalJson, isObject, type JsonObject, objectsOf, textOf } from '../json.ts';
import type { Model } from '../models.ts';
import { invalidRequest } from '../provider-error.ts';
import { blockTokens, NOT_CONTENT, tokensOf } from './tokens.ts';

/** A piece of the prompt between two places where a cache breakpoint can stand. */
export interface Segment {
  /** Hash of everything up to and including this piece: two prompts share a prefix exactly when they share this. */
  prefixHash: string;
  /** Tokens of this piece alone. */
  tokens: number;
  breakpoint: CacheTtl | null;
}

export type CacheTtl = '5m' | '1h';

interface Piece {
  content: unknown;
  tokens: number;
  breakpoint: CacheTtl | null;
}

/** What a turn adds beside its text: role markers. */
const MESSAGE_OVERHEAD_TOKENS = 4;
/** What giving tools adds to the system prompt. */
const TOOLS_OVERHEAD_TOKENS = 286;
const MOST_BREAKPOINTS = 4;

/**
 * The prompt in the order in which it is cached: tools, system, messages.
 * @throws ProviderError 400 for more than four breakpoints, or an hour's breakpoint after a five minutes' one.
 */
export function segmentsOf(body: JsonObject, model: Model): Segment[] {
  const pieces = [...toolPieces(body, model), ...systemPieces(body, model), ...messagePieces(body, model)];
  const last = pieces.at(-1);
  const automatic = breakpointOf(body);
  if (last !== undefined && automatic !== null) last.breakpoint ??= automatic;
  requireAllowedBreakpoints(pieces);
  return hashed(pieces);
}

export function totalTokens(segments: readonly Segment[]): number {
  return segments.reduce((sum, segment) => sum + segment.tokens, 0);
}

function toolPieces(body: JsonObject, model: Model): Piece[] {
  return objectsOf(body['tools']).map((tool, index) => ({
    content: tool,
    tokens: tokensOf(canonicalJson(tool, NOT_CONTENT), model) + (index === 0 ? TOOLS_OVERHEAD_TOKENS : 0),
    breakpoint: breakpointOf(tool),
  }));
}

function systemPieces(body: JsonObject, model: Model): Piece[] {
  return blocksOf(body['system']).map((block) => pieceOf(block, 'system', model));
}

function messagePieces(body: JsonObject, model: Model): Piece[] {
  return objectsOf(body['messages']).flatMap((message) => {
    const pieces = blocksOf(message['content']).map((block) =>
      pieceOf(block, textOf(message['role']), model),
    );
    const [first] = pieces;
    if (first !== undefined) first.tokens += MESSAGE_OVERHEAD_TOKENS;
    return pieces;
  });
}

function pieceOf(block: JsonObject, role: string, model: Model): Piece {
  return {
    content: { role, block },
    tokens: blockTokens(block, model),
    breakpoint: breakpointOf(block) ?? nestedBreakpointOf(block),
  };
}

/** A string is the short form of one text block, and has the same cache key. */
function blocksOf(content: unknown): JsonObject[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return objectsOf(content);
}

function breakpointOf(holder: JsonObject): CacheTtl | null {
  const control = holder['cache_control'];
  if (!isObject(control)) return null;
  const ttl = control['ttl'] ?? '5m';
  if (ttl !== '5m' && ttl !== '1h')
    throw invalidRequest("cache_control.ephemeral.ttl: Input should be '5m' or '1h'");
  return ttl;
}

/** The content of a tool result may carry the marker on its own last block. */
function nestedBreakpointOf(block: JsonObject): CacheTtl | null {
  const marked = objectsOf(block['content']).findLast((inner) => breakpointOf(inner) !== null);
  return marked === undefined ? null : breakpointOf(marked);
}

function requireAllowedBreakpoints(pieces: readonly Piece[]): void {
  const ttls = pieces.flatMap((piece) => (piece.breakpoint === null ? [] : [piece.breakpoint]));
  if (ttls.length > MOST_BREAKPOINTS) {
    throw invalidRequest(
      `A maximum of ${MOST_BREAKPOINTS} blocks with cache_control may be provided. Found ${ttls.length}.`,
    );
  }
  const firstShort = ttls.indexOf('5m');
  if (firstShort !== -1 && ttls.lastIndexOf('1h') > firstShort) {
    throw invalidRequest("a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block");
  }
}

function hashed(pieces: readonly Piece[]): Segment[] {
  let prefixHash = '';
  return pieces.map(({ content, tokens, breakpoint }) => {
    const text = canonicalJson(content, NOT_CONTENT);
    prefixHash = createHash('sha256').update(prefixHash).update(text).digest('base64');
    return { prefixHash, tokens, breakpoint };
  });
}

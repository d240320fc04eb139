import { canonicalJson, isObject, type JsonObject, objectsOf, textOf } from '../json.ts';
import type { Model } from '../models.ts';

/**
 * How long a text is in tokens. A stand-in needs no vocabulary: tokens follow from the number of characters, at the rate
 * the provider publishes for each generation, in whole numbers so that the same text always counts the same.
 */
const CHARACTERS_PER_TOKEN = {
  dense: { characters: 5, tokens: 2 },
  classic: { characters: 17, tokens: 5 },
} as const satisfies Record<Model['tokenizer'], { characters: number; tokens: number }>;

export function tokensOf(text: string, model: Model): number {
  const { characters, tokens } = CHARACTERS_PER_TOKEN[model.tokenizer];
  return Math.ceil((text.length * tokens) / characters);
}

/** The longest text that counts as this many tokens: `tokensOf` of it gives the number back. */
export function charactersIn(tokenCount: number, model: Model): number {
  const { characters, tokens } = CHARACTERS_PER_TOKEN[model.tokenizer];
  return Math.floor((tokenCount * characters) / tokens);
}

/** An image or a file that is not text counts the same whatever is on it; its bytes say nothing about tokens. */
const OPAQUE_TOKENS = 1_500;

/** Markers never reach the model, so moving a breakpoint changes neither counts nor cache keys. */
export const NOT_CONTENT: ReadonlySet<string> = new Set(['cache_control', 'signature', 'citations']);

/** Tokens of a content block of a request, of whatever type. */
export function blockTokens(block: JsonObject, model: Model): number {
  switch (block['type']) {
    case 'text':
      return tokensOf(textOf(block['text']), model);
    case 'thinking':
      return tokensOf(textOf(block['thinking']), model);
    case 'image':
      return OPAQUE_TOKENS;
    case 'document':
      return documentTokens(block, model);
    case 'tool_result':
      return contentTokens(block['content'], model);
    default:
      return tokensOf(canonicalJson(block, NOT_CONTENT), model);
  }
}

/** A content that may be a string, as in the short form of a message. */
function contentTokens(content: unknown, model: Model): number {
  if (typeof content === 'string') return tokensOf(content, model);
  return objectsOf(content).reduce((sum, block) => sum + blockTokens(block, model), 0);
}

function documentTokens(block: JsonObject, model: Model): number {
  const source = block['source'];
  return isObject(source) && source['type'] === 'text'
    ? tokensOf(textOf(source['data']), model)
    : OPAQUE_TOKENS;
}

import { builtinPriceBook } from './price-book.ts';

/** How a family of models counts what it reads, from above: for estimates, never for charges. */
export interface Tokenizer {
  /** UTF-8 bytes of a JSON request per token, text and structure together. */
  bytesPerToken: number;
  /** Larger images are scaled down to this by the provider. */
  tokensPerImageMax: number;
}

/**
 * Calibrated on 2026-11-21 against 472 recorded exchanges of other projects: the densest request without tools or attachments
 * had 3.27 bytes per token before Claude 4.7 and 2.65 since; a fifth is kept off for denser text. The provider says that the
 * newer tokenizer makes about 30 % more of the same text. `test/replay/estimates.test.ts` holds both against every recording.
 * Image limits: the provider's vision guide, as of 2026-10.
 */
const UNTIL_CLAUDE_4_6: Tokenizer = Object.freeze({ bytesPerToken: 2.7, tokensPerImageMax: 1_600 });
const SINCE_CLAUDE_4_7: Tokenizer = Object.freeze({ bytesPerToken: 2.1, tokensPerImageMax: 4_784 });

const OLDER_MODELS: ReadonlySet<string> = new Set([
  'claude-opus-4-6',
  'claude-sonnet-4-6',
  'claude-opus-4-5-20251101',
  'claude-haiku-4-5-20251001',
  'claude-sonnet-4-5-20250929',
  'claude-opus-4-1-20250805',
  'claude-opus-4-20250514',
  'claude-sonnet-4-20250514',
  'claude-3-7-sonnet-20250219',
  'claude-3-5-haiku-20241022',
  'claude-3-5-sonnet-20241022',
  'claude-3-5-sonnet-20240620',
  'claude-3-opus-20240229',
  'claude-3-haiku-20240307',
]);

/** By any exact name. A name that this release does not know is counted as the newest models count, which is more. */
export function tokenizerOf(model: string): Tokenizer {
  const named = builtinPriceBook.modelsByName.get(model);
  return named && OLDER_MODELS.has(named.priced.model) ? UNTIL_CLAUDE_4_6 : SINCE_CLAUDE_4_7;
}

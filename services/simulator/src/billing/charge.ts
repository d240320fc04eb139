import { findRates, type Speed, TOKEN_TYPES, type TokenType, WEB_SEARCH_PICO_USD } from './price-table.ts';

/** What one attempt used, in the classes it is billed in. Counts are whole and never negative. */
export interface BilledUse {
  /** Decides the price: an attempt is charged what was in force when it was admitted. */
  startedMs: number;
  /** Decides the minute and the day under which the bill and the reports list it. */
  endedMs: number;
  apiKeyId: string;
  /** null: the default workspace. */
  workspaceId: string | null;
  model: string;
  speed: Speed;
  inferenceGeo: InferenceGeo;
  tokens: Readonly<Record<TokenType, number>>;
  webSearches: number;
}

export type InferenceGeo = 'global' | 'us' | 'not_available';

/** Exact amounts in pico-USD, unrounded: the bill keeps every digit. */
export interface Charge {
  byTokenType: Record<TokenType, bigint>;
  webSearchPicoUsd: bigint;
}

/**
 * tokens × rate of the day, speed and prompt length; one tenth more on every token class when pinned to the US; and a fee
 * per web search, which nothing multiplies.
 */
export function chargeFor(use: BilledUse): Charge {
  const rates = findRates({
    model: use.model,
    speed: use.speed,
    day: utcDay(use.startedMs),
    promptTokens: promptTokensOf(use.tokens),
  });
  // Admission checks that there is a price; a gap here would print a bill that is too low, so it must stop the service.
  if (rates === null) throw new Error(`no price for ${use.model} (${use.speed}) on ${utcDay(use.startedMs)}`);
  const amounts = TOKEN_TYPES.map((type) => {
    const picoUsd = BigInt(use.tokens[type]) * rates[type];
    return [type, use.inferenceGeo === 'us' ? (picoUsd * 11n) / 10n : picoUsd] as const;
  });
  return {
    byTokenType: Object.fromEntries(amounts) as Record<TokenType, bigint>,
    webSearchPicoUsd: BigInt(use.webSearches) * WEB_SEARCH_PICO_USD,
  };
}

export function promptTokensOf(tokens: Readonly<Record<TokenType, number>>): number {
  return TOKEN_TYPES.reduce((sum, type) => (type === 'output_tokens' ? sum : sum + tokens[type]), 0);
}

/** "2026-11-20" of an instant. */
export function utcDay(instantMs: number): string {
  return new Date(instantMs).toISOString().slice(0, 10);
}

import {
  findRates,
  type PriceChange,
  type Rates,
  type Speed,
  TOKEN_TYPES,
  type TokenType,
  WEB_SEARCH_PICO_USD,
} from './price-table.ts';

/** What one attempt used, in the classes it is billed in. Counts are whole and never negative. */
export interface BilledUse {
  /** Decides the price: an attempt is charged what was in force when it was admitted. */
  startedMs: number;
  /** Decides the minute and the day under which the bill and the reports list it. */
  endedMs: number;
  /** null: no key was involved, as in the Console's playground. */
  apiKeyId: string | null;
  /** null: the default workspace. */
  workspaceId: string | null;
  model: string;
  speed: Speed;
  inferenceGeo: InferenceGeo;
  tokens: Readonly<Record<TokenType, number>>;
  webSearches: number;
  /** Default: standard. Priority capacity is counted, and paid by contract. */
  serviceTier?: ServiceTier;
  /** False: counted and free, as a refusal before the first output is. Default: true. */
  isBilled?: boolean;
  /** Reports know nothing of it before. Default: as soon as anything of its minute is reported. */
  shownFromMs?: number;
  /** Why it was booked, where somebody wants to know what it comes to. No report shows it. */
  cause?: string;
}

export type ServiceTier = 'standard' | 'batch' | 'priority' | 'priority_on_demand';

export type InferenceGeo = 'global' | 'us' | 'not_available';

/** Exact amounts in pico-USD, unrounded: the bill keeps every digit. */
export interface Charge {
  byTokenType: Record<TokenType, bigint>;
  webSearchPicoUsd: bigint;
  /** What is no token and no search: container hours, session hours. */
  feePicoUsd: bigint;
}

/**
 * tokens × rate of the day, speed and prompt length; one tenth more on every token class when pinned to the US; half of it in
 * a batch; and a fee per web search, which nothing multiplies.
 */
export function chargeFor(use: BilledUse, priceChanges: readonly PriceChange[] = []): Charge {
  const rates = ratesFor(use, priceChanges);
  const isFree = use.isBilled === false || use.serviceTier?.startsWith('priority') === true;
  if (isFree) return chargeOf(() => 0n);
  const webSearchPicoUsd = BigInt(use.webSearches) * WEB_SEARCH_PICO_USD;
  return { ...chargeOf((type) => tokensPicoUsd(use, type, rates[type])), webSearchPicoUsd };
}

function tokensPicoUsd({ tokens, inferenceGeo, serviceTier }: BilledUse, type: TokenType, rate: bigint) {
  const picoUsd = BigInt(tokens[type]) * rate;
  const pinned = inferenceGeo === 'us' ? (picoUsd * 11n) / 10n : picoUsd;
  return serviceTier === 'batch' ? pinned / 2n : pinned;
}

function chargeOf(amountOf: (type: TokenType) => bigint): Charge {
  const entries = TOKEN_TYPES.map((type) => [type, amountOf(type)]);
  const byTokenType = Object.fromEntries(entries) as Record<TokenType, bigint>;
  return { byTokenType, webSearchPicoUsd: 0n, feePicoUsd: 0n };
}

function ratesFor(use: BilledUse, priceChanges: readonly PriceChange[]): Rates {
  const rates = findRates(
    {
      model: use.model,
      speed: use.speed,
      day: utcDay(use.startedMs),
      promptTokens: promptTokensOf(use.tokens),
    },
    priceChanges,
  );
  // Admission checks that there is a price; a gap here would print a bill that is too low, so it must stop the service.
  if (rates === null) throw new Error(`no price for ${use.model} (${use.speed}) on ${utcDay(use.startedMs)}`);
  return rates;
}

export function promptTokensOf(tokens: Readonly<Record<TokenType, number>>): number {
  return TOKEN_TYPES.reduce((sum, type) => (type === 'output_tokens' ? sum : sum + tokens[type]), 0);
}

/** "2026-11-20" of an instant. */
export function utcDay(instantMs: number): string {
  return new Date(instantMs).toISOString().slice(0, 10);
}

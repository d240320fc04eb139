/**
 * What a token costs on a day. A table of this service alone: it shares no number and no code with the price book it is
 * there to check. Rates are USD per million tokens as the provider's price page gives them (read for 2026-11-20).
 */
export type TokenType =
  | 'uncached_input_tokens'
  | 'cache_creation.ephemeral_5m_input_tokens'
  | 'cache_creation.ephemeral_1h_input_tokens'
  | 'cache_read_input_tokens'
  | 'output_tokens';

/** The order of the columns of every row below. */
export const TOKEN_TYPES: readonly TokenType[] = [
  'uncached_input_tokens',
  'cache_creation.ephemeral_5m_input_tokens',
  'cache_creation.ephemeral_1h_input_tokens',
  'cache_read_input_tokens',
  'output_tokens',
];

export type Speed = 'standard' | 'fast';

/** Pico-USD (10^-12 USD) per token. 1 USD per million tokens is 1,000,000 of them. */
export type Rates = Readonly<Record<TokenType, bigint>>;

interface PriceRow {
  model: string;
  speed: Speed;
  /** [from, until): UTC days. */
  from: string;
  until: string;
  /** The row is for prompts of more tokens than this: exactly the limit still has the lower price. */
  promptAbove: number;
  rates: Rates;
}

/** A UTC day that never comes. */
export const FOREVER = '9999-12-31';

function row(model: string, from: string, columns: string, rest: Partial<PriceRow> = {}): PriceRow {
  const rates = ratesFrom(columns);
  return { model, speed: 'standard', from, until: FOREVER, promptAbove: -1, rates, ...rest };
}

/**
 * Columns: input, cache write for 5 minutes, for 1 hour, cache read, output.
 * A newer row of a model replaces the older one from its day on.
 */
const ROWS: readonly PriceRow[] = [
  row('claude-fable-5-2', '2026-11-09', '8 10 16 0.20 40'),
  row('claude-fable-5-2', '2026-11-09', '16 20 32 0.40 80', { speed: 'fast' }),
  row('claude-mythos-5-2', '2026-11-09', '8 10 16 0.20 40'),
  row('claude-fable-5-1', '2026-09-01', '10 12.50 20 0.25 50'),
  row('claude-mythos-5-1', '2026-09-01', '10 12.50 20 0.25 50'),
  row('claude-fable-5', '2026-06-09', '10 12.50 20 1 50'),
  row('claude-mythos-5', '2026-06-09', '10 12.50 20 1 50'),
  row('claude-opus-5-5', '2026-09-22', '4 5 8 0.20 20'),
  row('claude-opus-5-5', '2026-09-22', '8 10 16 0.40 40', { speed: 'fast' }),
  row('claude-opus-5', '2026-07-24', '5 6.25 10 0.50 25'),
  row('claude-opus-5', '2026-07-24', '10 12.50 20 1 50', { speed: 'fast' }),
  row('claude-opus-4-8', '2026-05-28', '5 6.25 10 0.50 25'),
  row('claude-opus-4-8', '2026-05-28', '10 12.50 20 1 50', { speed: 'fast', until: '2026-11-30' }),
  row('claude-opus-4-7', '2026-04-16', '5 6.25 10 0.50 25'),
  row('claude-opus-4-6', '2026-03-13', '5 6.25 10 0.50 25'),
  row('claude-opus-4-5-20251101', '2025-11-24', '5 6.25 10 0.50 25'),
  row('claude-sonnet-5-5', '2026-09-28', '2 2.50 4 0.20 10'),
  row('claude-sonnet-5-5', '2026-10-07', '2 2.50 4 0.10 10'),
  row('claude-sonnet-5', '2026-06-30', '2 2.50 4 0.20 10'),
  row('claude-sonnet-4-6', '2026-03-13', '3 3.75 6 0.30 15'),
  row('claude-sonnet-4-5-20250929', '2026-04-30', '3 3.75 6 0.30 15'),
  row('claude-haiku-5-5', '2026-10-07', '0.10 0.125 0.20 0.01 0.50'),
  row('claude-haiku-5-5', '2026-10-07', '0.50 0.625 1 0.05 2.50', { promptAbove: 100_000 }),
  row('claude-haiku-4-5-20251001', '2025-10-15', '1 1.25 2 0.10 5'),
];

/** $10 per 1,000 searches, never discounted or multiplied. */
export const WEB_SEARCH_PICO_USD = 10_000_000_000n;

export interface PriceQuestion {
  model: string;
  speed: Speed;
  /** UTC day, "2026-11-20". */
  day: string;
  /** Uncached, cached and written together: a long prompt re-prices every token of its request, output included. */
  promptTokens: number;
}

/** A price that this stand-in was told to change: it replaces those of the list from its UTC day on, at any length of prompt. */
export interface PriceChange {
  model: string;
  /** "2026-11-20". */
  from: string;
  /** USD per million tokens: input, cache write for 5 minutes, for 1 hour, cache read, output. */
  columns: string;
}

/** The rates in force, or null where the provider had no such offer. */
export function findRates(question: PriceQuestion, changes: readonly PriceChange[] = []): Rates | null {
  const changed = changes
    .filter(({ model, from }) => model === question.model && from <= question.day)
    .sort((a, b) => b.from.localeCompare(a.from));
  if (changed[0] !== undefined && question.speed === 'standard') return ratesFrom(changed[0].columns);
  const inForce = ROWS.filter(
    (candidate) =>
      candidate.model === question.model &&
      candidate.speed === question.speed &&
      candidate.from <= question.day &&
      question.day < candidate.until &&
      question.promptTokens > candidate.promptAbove,
  );
  // Highest prompt band first, then the latest price: the row that says most about this request.
  const [best] = inForce.sort((a, b) => b.promptAbove - a.promptAbove || b.from.localeCompare(a.from));
  return best?.rates ?? null;
}

function ratesFrom(columns: string): Rates {
  const values = columns.split(' ').map(picoUsdPerToken);
  const rates = TOKEN_TYPES.map((type, column) => [type, values[column] ?? 0n] as const);
  return Object.fromEntries(rates) as Record<TokenType, bigint>;
}

/** "0.125" USD per million is 125,000 pico-USD per token: moving the point six places is exact. */
function picoUsdPerToken(usdPerMillion: string): bigint {
  const [whole = '0', fraction = ''] = usdPerMillion.split('.');
  return BigInt(whole + fraction.padEnd(6, '0'));
}

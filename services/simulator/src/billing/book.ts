import {
  type BilledUse,
  type Charge,
  chargeFor,
  type InferenceGeo,
  promptTokensOf,
  utcDay,
} from './charge.ts';
import { type Speed, TOKEN_TYPES, type TokenType } from './price-table.ts';

/**
 * What was billed, summed per UTC minute and dimension: the finest that the reports can ask for. Its size grows with
 * minutes and keys, not with requests, so a long replay fits in memory.
 */
export interface Book {
  /** Charges the use and adds it. Returns the charge. */
  record(use: BilledUse): Charge;
  /** Sums whose minute lies in [fromMs, toMs). */
  cells(fromMs: number, toMs: number): Cell[];
  /** Everything on the bill, the extra included. */
  billedPicoUsd(): bigint;
  billedAttempts(): number;
}

/** What the contract says beside the price list. */
export interface BookTerms {
  extraPicoUsd: bigint;
  extraFromDay: string;
  discountPercent: number;
}

export type ContextWindow = '0-200k' | '200k-1M';

export interface Dimensions {
  apiKeyId: string;
  workspaceId: string | null;
  model: string;
  speed: Speed;
  inferenceGeo: InferenceGeo;
  contextWindow: ContextWindow;
}

export interface Cell {
  minuteMs: number;
  dimensions: Dimensions;
  attempts: number;
  tokens: Record<TokenType, number>;
  webSearches: number;
  /** At list price. */
  list: Charge;
  /** As billed: what the contract leaves of it. */
  charge: Charge;
}

const MINUTE_MS = 60_000;
const LONG_CONTEXT_TOKENS = 200_000;

/**
 * `extraPicoUsd` is billed once, inside the dearest token line of the first attempt on or after `extraFromDay`. No report
 * shows it as a thing of its own: it is the amount that an honest reconciliation must leave unexplained.
 */
export function createBook(terms: BookTerms): Book {
  const minutes = new Map<number, Map<string, Cell>>();
  let extraDuePicoUsd = terms.extraPicoUsd;
  let billedPicoUsd = 0n;
  let attempts = 0;

  const addExtra = (charge: Charge): void => {
    const dearest = dearestTokenType(charge);
    if (charge.byTokenType[dearest] === 0n) return;
    charge.byTokenType[dearest] += extraDuePicoUsd;
    extraDuePicoUsd = 0n;
  };

  return {
    record(use) {
      const list = chargeFor(use);
      if (extraDuePicoUsd > 0n && utcDay(use.endedMs) >= terms.extraFromDay) addExtra(list);
      const charge = discounted(list, terms.discountPercent);
      addToCell(cellOf(minutes, use), use, { list, charge });
      billedPicoUsd += totalOf(charge);
      attempts += 1;
      return charge;
    },
    cells(fromMs, toMs) {
      const inRange = [...minutes].filter(([minuteMs]) => minuteMs >= fromMs && minuteMs < toMs);
      return inRange.flatMap(([, cells]) => [...cells.values()]);
    },
    billedPicoUsd: () => billedPicoUsd,
    billedAttempts: () => attempts,
  };
}

function cellOf(minutes: Map<number, Map<string, Cell>>, use: BilledUse): Cell {
  const minuteMs = Math.floor(use.endedMs / MINUTE_MS) * MINUTE_MS;
  const cells = minutes.get(minuteMs) ?? new Map<string, Cell>();
  minutes.set(minuteMs, cells);
  const dimensions = dimensionsOf(use);
  const key = JSON.stringify(dimensions);
  const cell = cells.get(key) ?? emptyCell(minuteMs, dimensions);
  cells.set(key, cell);
  return cell;
}

function dimensionsOf(use: BilledUse): Dimensions {
  const { apiKeyId, workspaceId, model, speed, inferenceGeo } = use;
  const contextWindow = promptTokensOf(use.tokens) > LONG_CONTEXT_TOKENS ? '200k-1M' : '0-200k';
  return { apiKeyId, workspaceId, model, speed, inferenceGeo, contextWindow };
}

function emptyCell(minuteMs: number, dimensions: Dimensions): Cell {
  return {
    minuteMs,
    dimensions,
    attempts: 0,
    tokens: everyTokenType(0),
    webSearches: 0,
    list: { byTokenType: everyTokenType(0n), webSearchPicoUsd: 0n },
    charge: { byTokenType: everyTokenType(0n), webSearchPicoUsd: 0n },
  };
}

function addToCell(cell: Cell, use: BilledUse, { list, charge }: Pick<Cell, 'list' | 'charge'>): void {
  for (const type of TOKEN_TYPES) {
    cell.tokens[type] += use.tokens[type];
    cell.list.byTokenType[type] += list.byTokenType[type];
    cell.charge.byTokenType[type] += charge.byTokenType[type];
  }
  cell.attempts += 1;
  cell.webSearches += use.webSearches;
  cell.list.webSearchPicoUsd += list.webSearchPicoUsd;
  cell.charge.webSearchPicoUsd += charge.webSearchPicoUsd;
}

/** Each amount by itself, fractions of a pico-USD in the customer's favour, so that whatever is added up agrees. */
function discounted({ byTokenType, webSearchPicoUsd }: Charge, discountPercent: number): Charge {
  const rest = (amount: bigint) => (amount * BigInt(100 - discountPercent)) / 100n;
  const entries = TOKEN_TYPES.map((type) => [type, rest(byTokenType[type])]);
  return {
    byTokenType: Object.fromEntries(entries) as Record<TokenType, bigint>,
    webSearchPicoUsd: rest(webSearchPicoUsd),
  };
}

export function everyTokenType<T>(value: T): Record<TokenType, T> {
  return Object.fromEntries(TOKEN_TYPES.map((type) => [type, value])) as Record<TokenType, T>;
}

export function totalOf(charge: Charge): bigint {
  return TOKEN_TYPES.reduce((sum, type) => sum + charge.byTokenType[type], charge.webSearchPicoUsd);
}

function dearestTokenType(charge: Charge): TokenType {
  return TOKEN_TYPES.reduce((best, type) =>
    charge.byTokenType[type] > charge.byTokenType[best] ? type : best,
  );
}

import {
  type BilledUse,
  type Charge,
  chargeFor,
  type InferenceGeo,
  promptTokensOf,
  type ServiceTier,
  utcDay,
} from './charge.ts';
import { FOREVER, type PriceChange, type Speed, TOKEN_TYPES, type TokenType } from './price-table.ts';

/**
 * What was billed, summed per UTC minute and dimension: the finest that the reports can ask for. Its size grows with
 * minutes and keys, not with requests, so a long replay fits in memory.
 */
export interface Book {
  /** Charges the use and adds it. Returns the charge. */
  record(use: BilledUse): Charge;
  /** Adds what no token and no search is. Returns the charge. */
  recordFee(fee: BilledFee): Charge;
  /** Sums whose minute lies in [fromMs, toMs), of fees too, the hidden and the future ones included. */
  cells(fromMs: number, toMs: number): Cell[];
  /** Everything on the bill, the extra included. */
  billedPicoUsd(): bigint;
  /** At list price, the extra included. */
  listPicoUsd(): bigint;
  billedAttempts(): number;
  /** What was booked for each named cause, at list price. */
  causes(): ReadonlyMap<string, bigint>;
  /** Counts what was added: the same number, the same cells. */
  version(): number;
}

/** A product that no token is counted of: container hours, session hours. */
export interface BilledFee {
  atMs: number;
  apiKeyId: string | null;
  workspaceId: string | null;
  /** "code_execution", "session_usage", or any other word. */
  costType: string;
  description: string;
  /** Pico-USD, at list price. */
  listPicoUsd: bigint;
  shownFromMs?: number;
  cause?: string;
}

/** What the contract says beside the price list. */
export interface BookTerms {
  extraPicoUsd: bigint;
  extraFromDay: string;
  discountPercent: number;
  discountUntil?: string;
  priceChanges?: readonly PriceChange[];
}

export type ContextWindow = '0-200k' | '200k-1M';

export interface Dimensions {
  apiKeyId: string | null;
  workspaceId: string | null;
  /** This and what follows is null for a fee. */
  model: string | null;
  speed: Speed | null;
  inferenceGeo: InferenceGeo | null;
  contextWindow: ContextWindow | null;
  serviceTier: ServiceTier | null;
  /** The kind and the name of a fee; null for tokens. */
  fee: { costType: string; description: string } | null;
}

export interface Cell {
  minuteMs: number;
  /** Since when reports know of it; 0 is always. */
  shownFromMs: number;
  dimensions: Dimensions;
  /** Of a fee: what the provider calls spans. */
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
const NO_TOKENS = { tokens: everyTokenType(0), webSearches: 0 };

/**
 * `extraPicoUsd` is billed once, inside the dearest token line of the first attempt on or after `extraFromDay`. No report
 * shows it as a thing of its own: it is the amount that an honest reconciliation must leave unexplained.
 */
export function createBook(terms: BookTerms): Book {
  const minutes = new Map<number, Map<string, Cell>>();
  const sum = { listPicoUsd: 0n, billedPicoUsd: 0n, entries: 0 };
  const causes = new Map<string, bigint>();
  let billedAttempts = 0;
  let extraDuePicoUsd = terms.extraPicoUsd;

  const addExtra = (charge: Charge): void => {
    const dearest = dearestTokenType(charge);
    if (charge.byTokenType[dearest] === 0n) return;
    charge.byTokenType[dearest] += extraDuePicoUsd;
    extraDuePicoUsd = 0n;
  };

  const add = (place: Placed, amounts: Counted, cause: string | undefined): Charge => {
    const isDiscounted = utcDay(place.minuteMs) < (terms.discountUntil ?? FOREVER);
    const charge = discounted(amounts.list, isDiscounted ? terms.discountPercent : 0);
    addToCell(cellAt(minutes, place), amounts, charge);
    sum.listPicoUsd += totalOf(amounts.list);
    sum.billedPicoUsd += totalOf(charge);
    sum.entries += 1;
    if (cause !== undefined) causes.set(cause, (causes.get(cause) ?? 0n) + totalOf(amounts.list));
    return charge;
  };

  return {
    record(use) {
      const list = chargeFor(use, terms.priceChanges);
      if (extraDuePicoUsd > 0n && utcDay(use.endedMs) >= terms.extraFromDay) addExtra(list);
      billedAttempts += 1;
      return add(placeOfUse(use), { ...use, list }, use.cause);
    },
    recordFee(fee) {
      return add(placeOfFee(fee), { ...NO_TOKENS, list: feeCharge(fee.listPicoUsd) }, fee.cause);
    },
    cells(fromMs, toMs) {
      const inRange = [...minutes].filter(([minuteMs]) => minuteMs >= fromMs && minuteMs < toMs);
      return inRange.flatMap(([, cells]) => [...cells.values()]);
    },
    billedPicoUsd: () => sum.billedPicoUsd,
    listPicoUsd: () => sum.listPicoUsd,
    billedAttempts: () => billedAttempts,
    causes: () => causes,
    version: () => sum.entries,
  };
}

interface Placed {
  minuteMs: number;
  shownFromMs: number;
  dimensions: Dimensions;
}

interface Counted {
  tokens: Readonly<Record<TokenType, number>>;
  webSearches: number;
  list: Charge;
}

function placeOfUse(use: BilledUse): Placed {
  const { apiKeyId, workspaceId, model, speed, inferenceGeo, serviceTier = 'standard' } = use;
  const contextWindow: ContextWindow =
    promptTokensOf(use.tokens) > LONG_CONTEXT_TOKENS ? '200k-1M' : '0-200k';
  const place = { apiKeyId, workspaceId, model, speed, inferenceGeo, contextWindow, serviceTier, fee: null };
  return { minuteMs: minuteOf(use.endedMs), shownFromMs: use.shownFromMs ?? 0, dimensions: place };
}

function placeOfFee(fee: BilledFee): Placed {
  const { apiKeyId, workspaceId, costType, description } = fee;
  const nothingSaid = {
    model: null,
    speed: null,
    inferenceGeo: null,
    contextWindow: null,
    serviceTier: null,
  };
  const place = { apiKeyId, workspaceId, ...nothingSaid, fee: { costType, description } };
  return { minuteMs: minuteOf(fee.atMs), shownFromMs: fee.shownFromMs ?? 0, dimensions: place };
}

function minuteOf(instantMs: number): number {
  return Math.floor(instantMs / MINUTE_MS) * MINUTE_MS;
}

function cellAt(minutes: Map<number, Map<string, Cell>>, place: Placed): Cell {
  const cells = minutes.get(place.minuteMs) ?? new Map<string, Cell>();
  minutes.set(place.minuteMs, cells);
  const key = JSON.stringify([place.shownFromMs, place.dimensions]);
  const cell = cells.get(key) ?? emptyCell(place);
  cells.set(key, cell);
  return cell;
}

function emptyCell(place: Placed): Cell {
  return {
    ...place,
    attempts: 0,
    tokens: everyTokenType(0),
    webSearches: 0,
    list: feeCharge(0n),
    charge: feeCharge(0n),
  };
}

function feeCharge(feePicoUsd: bigint): Charge {
  return { byTokenType: everyTokenType(0n), webSearchPicoUsd: 0n, feePicoUsd };
}

function addToCell(cell: Cell, { tokens, webSearches, list }: Counted, charge: Charge): void {
  for (const type of TOKEN_TYPES) cell.tokens[type] += tokens[type];
  cell.attempts += 1;
  cell.webSearches += webSearches;
  addCharge(cell.list, list);
  addCharge(cell.charge, charge);
}

function addCharge(sum: Charge, { byTokenType, webSearchPicoUsd, feePicoUsd }: Charge): void {
  for (const type of TOKEN_TYPES) sum.byTokenType[type] += byTokenType[type];
  sum.webSearchPicoUsd += webSearchPicoUsd;
  sum.feePicoUsd += feePicoUsd;
}

/** Each amount by itself, fractions of a pico-USD in the customer's favour, so that whatever is added up agrees. */
function discounted({ byTokenType, webSearchPicoUsd, feePicoUsd }: Charge, discountPercent: number): Charge {
  const rest = (amount: bigint) => (amount * BigInt(100 - discountPercent)) / 100n;
  const entries = TOKEN_TYPES.map((type) => [type, rest(byTokenType[type])]);
  return {
    byTokenType: Object.fromEntries(entries) as Record<TokenType, bigint>,
    webSearchPicoUsd: rest(webSearchPicoUsd),
    feePicoUsd: rest(feePicoUsd),
  };
}

export function everyTokenType<T>(value: T): Record<TokenType, T> {
  return Object.fromEntries(TOKEN_TYPES.map((type) => [type, value])) as Record<TokenType, T>;
}

export function totalOf(charge: Charge): bigint {
  const besideTokens = charge.webSearchPicoUsd + charge.feePicoUsd;
  return TOKEN_TYPES.reduce((sum, type) => sum + charge.byTokenType[type], besideTokens);
}

function dearestTokenType(charge: Charge): TokenType {
  return TOKEN_TYPES.reduce((best, type) =>
    charge.byTokenType[type] > charge.byTokenType[best] ? type : best,
  );
}

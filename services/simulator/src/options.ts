import { picoUsdFrom } from './billing/decimal.ts';
import { FOREVER, type PriceChange } from './billing/price-table.ts';
import { type ApiKey, DEFAULT_ADMIN_KEY, DEFAULT_API_KEYS } from './keys.ts';

/** Everything has a default; nothing is read from the environment here. */
export interface SimulatorOptions {
  /** Wall clock, in milliseconds since the epoch. It places the bill and ends cache lifetimes. */
  nowMs?: () => number;
  /** The same seed and the same request give the same answer. */
  seed?: number;
  /** Opens the reports, and nothing else. */
  adminKey?: string;
  apiKeys?: ApiKey[];
  /**
   * USD, at most twelve fraction digits. Billed once on top of an ordinary token line of the current UTC day, with nothing
   * in any report to tell it by.
   */
  extraBilledUsd?: string;
  /** What the contract takes off every list amount: whole percent, 0 to 99. */
  discountPercent?: number;
  /** UTC day from which on the contract takes nothing off. Default: never. */
  discountUntil?: string;
  /** Prices that differ from the list from a UTC day on. */
  priceChanges?: PriceChange[];
  /** How long the usage and cost reports, and the analytics reports, take to show what was billed. Default: not at all. */
  reportLagMs?: number;
  analyticsLagMs?: number;
  /** Pause before each event of an answer. 0: as fast as the event loop and the reader allow. */
  eventDelayMs?: number;
  /** The same under the fault `slow`. */
  slowEventDelayMs?: number;
  /** How long the fault `timeout` keeps a caller waiting before it answers 504. */
  timeoutDelayMs?: number;
  /** Receives a record per answered request and per generation: ids, counts, status. Never prompts, answers or keys. */
  log?: (record: Record<string, unknown>) => void;
}

export interface ResolvedOptions {
  nowMs: () => number;
  seed: number;
  adminKey: string;
  apiKeys: readonly ApiKey[];
  extraPicoUsd: bigint;
  discountPercent: number;
  discountUntil: string;
  priceChanges: readonly PriceChange[];
  reportLagMs: number;
  analyticsLagMs: number;
  eventDelayMs: number;
  slowEventDelayMs: number;
  timeoutDelayMs: number;
  log: (record: Record<string, unknown>) => void;
}

/** @throws RangeError for an option that cannot be meant. */
export function resolveOptions(options: SimulatorOptions): ResolvedOptions {
  return {
    nowMs: options.nowMs ?? (() => Date.now()),
    seed: requireInteger('seed', options.seed ?? 1),
    adminKey: options.adminKey ?? DEFAULT_ADMIN_KEY,
    apiKeys: options.apiKeys ?? DEFAULT_API_KEYS,
    extraPicoUsd: picoUsdFrom(options.extraBilledUsd ?? '0'),
    discountPercent: requirePercent(options.discountPercent ?? 0),
    discountUntil: options.discountUntil ?? FOREVER,
    priceChanges: options.priceChanges ?? [],
    reportLagMs: requireLag('reportLagMs', options.reportLagMs ?? 0),
    analyticsLagMs: requireLag('analyticsLagMs', options.analyticsLagMs ?? 0),
    eventDelayMs: requireDelay('eventDelayMs', options.eventDelayMs ?? 1),
    slowEventDelayMs: requireDelay('slowEventDelayMs', options.slowEventDelayMs ?? 50),
    timeoutDelayMs: requireDelay('timeoutDelayMs', options.timeoutDelayMs ?? 30_000),
    log: options.log ?? (() => {}),
  };
}

function requireInteger(name: string, value: number): number {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${name} is ${value}; it must be an integer.`);
  return value;
}

function requirePercent(value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= 99) return value;
  throw new RangeError(`discountPercent is ${value}; it must be a whole number from 0 to 99.`);
}

/** Reports that lag longer than their retention would never show anything. */
function requireLag(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= 31_536_000_000) return value;
  throw new RangeError(`${name} is ${value}; it must be whole milliseconds, at most a year.`);
}

function requireDelay(name: string, value: number): number {
  if (!(value >= 0 && value <= 3_600_000)) {
    throw new RangeError(`${name} is ${value}; it must be between 0 and 3600000 milliseconds.`);
  }
  return value;
}

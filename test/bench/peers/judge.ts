import { builtinPriceBook, charge } from '@tallygate/pricing';
import { type Exchange, PRICED_AT_MS } from './exchanges.ts';
import type { Figures } from './peer.ts';

/** What one peer made of one exchange. Amounts are decimal strings: they travel between processes as JSON. */
export interface Verdict {
  exchange: string;
  foundNanoUsd: string;
  exact: boolean;
  /** The record holds the provider's usage as it came: what the figures lack could be worked out from that copy. */
  keepsUsage: boolean;
}

export function verdictOf(exchange: Exchange, figures: readonly Figures[], records: unknown): Verdict {
  const foundNanoUsd = figures.reduce((sum, found) => sum + costNanoUsdOf(found), 0n);
  return {
    exchange: exchange.name,
    foundNanoUsd: `${foundNanoUsd}`,
    exact: isTrue(exchange, foundNanoUsd),
    keepsUsage: holdsUsage(records),
  };
}

export function isTrue({ truth }: Exchange, nanoUsd: bigint): boolean {
  if ('nanoUsd' in truth) return nanoUsd === truth.nanoUsd;
  return nanoUsd >= truth.atLeastNanoUsd && nanoUsd <= truth.atMostNanoUsd;
}

/** A peer's own money where it computes any, to the nearest nano-USD; else its tokens at the list price of its model. */
function costNanoUsdOf({ model, usage, costUsd }: Figures): bigint {
  if (costUsd !== null) return BigInt(Math.round(costUsd * 1e9));
  const served = { serviceTier: null, speed: null, inferenceGeo: null, billed: true } as const;
  const line = { ...served, model, usage, backend: 'anthropic', atMs: PRICED_AT_MS } as const;
  return charge(builtinPriceBook, { ...line, unpricedModels: 'dearest' }).listCostNanoUsd;
}

/** The provider's own names, as an object or inside text, anywhere in a record. */
function holdsUsage(records: unknown): boolean {
  const seen = new Set<unknown>();
  const search = (value: unknown): boolean => {
    if (typeof value === 'string') return value.includes('"inference_geo":');
    if (typeof value !== 'object' || value === null || seen.has(value)) return false;
    seen.add(value);
    return 'inference_geo' in value || Object.values(value).some(search);
  };
  return search(records);
}

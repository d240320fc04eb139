import { type Charge, charge, type PriceBook } from '@tallygate/pricing';
import { nanoFromPico, PICO_USD_PER_NANO_USD, type PicoUsd, type UnpricedPolicy } from '@tallygate/usage';
import type { ParsedRow } from './parse-row.ts';

/** By what a row is charged, beside the book: its own price where the book has none. */
export const IMPORTED_PRICE = 'imported_price';
/** Both were there and are not the same: the book is charged. */
export const PRICE_DIFFERS = 'imported_price_differs';

export type RowCharge = Pick<
  Charge,
  | 'listCostNanoUsd'
  | 'contractedCostNanoUsd'
  | 'webSearchCostNanoUsd'
  | 'roundingPicoUsd'
  | 'priceId'
  | 'promptBand'
  | 'flags'
>;

/**
 * What an imported row cost: by the book at its date; by the prices in the row where the book has none, even though a policy
 * would name another one. A row that nobody priced follows the policy and is flagged `unpriced`, as calls are.
 */
export function priceRow(book: PriceBook, row: ParsedRow, unpricedModels: UnpricedPolicy): RowCharge {
  const model = pricedName(book, row.model);
  const { contractId, ...charged } = charge(book, { ...row, model, billed: true, unpricedModels });
  const own = ownCost(row);
  if (own === null) return withContract(charged, contractId);
  if (charged.flags.includes('unpriced')) return ownCharge(own, row);
  const ownNanoUsd = nanoFromPico(own);
  const agrees = ownNanoUsd === charged.listCostNanoUsd || ownNanoUsd === charged.contractedCostNanoUsd;
  const priced = withContract(charged, contractId);
  return agrees ? priced : { ...priced, flags: [...priced.flags, PRICE_DIFFERS] };
}

/** Gateways write "anthropic/claude-…": the part behind the last slash, where the book knows that and not the whole. */
export function pricedName(book: PriceBook, model: string): string {
  const bare = model.slice(model.lastIndexOf('/') + 1);
  return !book.modelsByName.has(model) && book.modelsByName.has(bare) ? bare : model;
}

function withContract(charged: Omit<Charge, 'contractId'>, contractId: string | null): RowCharge {
  const { listCostPicoUsd: _exact, ...costs } = charged;
  return contractId === null ? costs : { ...costs, flags: [...costs.flags, `contract:${contractId}`] };
}

/** Null where the row names neither both prices nor a cost. Tokens of the cache without a price of their own cost the dearer. */
function ownCost({ usage, prices }: ParsedRow): PicoUsd | null {
  const { prompt, completion, cacheRead, cacheWrite, call } = prices;
  if (prompt === null || completion === null) return call?.amountPicoUsd ?? null;
  const written =
    usage.cacheWrite5mInputTokens + usage.cacheWrite1hInputTokens + usage.cacheWriteUnsplitInputTokens;
  return (
    BigInt(usage.uncachedInputTokens) * prompt.amountPicoUsd +
    BigInt(usage.cacheReadInputTokens) * (cacheRead ?? prompt).amountPicoUsd +
    BigInt(written) * (cacheWrite ?? prompt).amountPicoUsd +
    BigInt(usage.outputTokens) * completion.amountPicoUsd
  );
}

function ownCharge(costPicoUsd: PicoUsd, { prices, usage }: ParsedRow): RowCharge {
  const costNanoUsd = nanoFromPico(costPicoUsd);
  const isFiner = Object.values(prices).some((cell) => cell?.rounded);
  const guessesCache =
    (usage.cacheReadInputTokens > 0 && prices.cacheRead === null) ||
    (usage.cacheWriteUnsplitInputTokens > 0 && prices.cacheWrite === null);
  return {
    listCostNanoUsd: costNanoUsd,
    contractedCostNanoUsd: costNanoUsd,
    webSearchCostNanoUsd: 0n,
    roundingPicoUsd: Number(costPicoUsd - costNanoUsd * PICO_USD_PER_NANO_USD),
    priceId: 'imported',
    promptBand: 'standard',
    flags: [
      IMPORTED_PRICE,
      ...(isFiner ? ['price_rounded'] : []),
      ...(guessesCache && prices.prompt !== null ? ['assumed_cache_price'] : []),
    ],
  };
}

import type { Backend } from '@tallygate/usage';
import { inEffect, type Price, type PriceBook, type PromptBand } from './price-book.ts';

export interface PriceQuery {
  /** Any exact name: model id, listed alias, platform id. */
  model: string;
  backend: Backend;
  atMs: number;
  /** As the provider reports it; null counts as "standard". */
  speed: string | null;
  promptBand: PromptBand;
}

export interface ModelLimits {
  maxOutputTokens: number;
  contextWindowTokens: number;
}

/**
 * The row in effect at that instant for exactly that model, speed and band, or null.
 * Partner clouds keep serving models that the provider's own API has retired: there the last standard price stays in effect.
 */
export function findPrice(book: PriceBook, query: PriceQuery): Price | null {
  return findPriceInBand(book, query, query.promptBand);
}

/** Every estimate and every charge asks several times: it copies neither the query nor the rows. */
export function findPriceInBand(
  book: PriceBook,
  query: Omit<PriceQuery, 'promptBand'>,
  promptBand: PromptBand,
): Price | null {
  const speed = query.speed ?? 'standard';
  let last: Price | null = null;
  for (const price of book.modelsByName.get(query.model)?.priced.prices ?? []) {
    if (price.speed !== speed || price.promptBand !== promptBand) continue;
    if (inEffect(price, query.atMs)) return price;
    last = price;
  }
  return last !== null && outlivesRetirement(last, query) ? last : null;
}

function outlivesRetirement(last: Price, { backend, atMs }: Pick<PriceQuery, 'backend' | 'atMs'>): boolean {
  const isStandard = last.speed === 'standard' && last.promptBand === 'standard';
  return isPartner(backend) && isStandard && last.endMs <= atMs;
}

/** Whether a standard price is in effect at that instant on the provider's own API. */
export function isPriced(book: PriceBook, model: string, atMs: number): boolean {
  return findPrice(book, { model, backend: 'anthropic', atMs, speed: null, promptBand: 'standard' }) !== null;
}

/** The provider's limits of a model, whatever the date; null for a model that the book does not name. */
export function modelLimits(book: PriceBook, model: string): ModelLimits | null {
  const priced = book.modelsByName.get(model)?.priced;
  return priced
    ? { maxOutputTokens: priced.maxOutputTokens, contextWindowTokens: priced.contextWindowTokens }
    : null;
}

/** Bedrock and Google Cloud bill by their own list with a regional surcharge; Foundry bills by the provider's. */
export function isPartner(backend: Backend): boolean {
  return backend === 'bedrock' || backend === 'vertex';
}

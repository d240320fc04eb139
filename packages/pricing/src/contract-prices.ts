import { TallygateError } from '@tallygate/usage';
import type { z } from 'zod';
import { type ContractEntry, contractPricesSchema } from './contract-document.ts';
import { inEffect, type Price, type PriceBook, type PromptBand, type TokenRates } from './price-book.ts';
import { toDates } from './price-dates.ts';

/** Parts per million that are paid where nothing is off. */
export const FULL_PRICE_PPM = 1_000_000;

/** One agreed price. Of its rates, or of the listed ones where it has none, `paidPpm` is paid. */
export interface ContractPrice {
  readonly contractId: string;
  /** As written, which may be an alias; null for every model. */
  readonly model: string | null;
  /** Null: at every speed and in every band. */
  readonly speed: string | null;
  readonly promptBand: PromptBand | null;
  readonly startMs: number;
  readonly endMs: number;
  readonly rates: TokenRates | null;
  readonly paidPpm: number;
  readonly source: string;
}

/**
 * Contract prices in their JSON form; null and undefined are none.
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` naming the contract price.
 */
export function parseContractPrices(value: unknown): readonly ContractPrice[] {
  if (value === null || value === undefined) return [];
  const parsed = contractPricesSchema.safeParse(value);
  if (!parsed.success) throw describeIssue(parsed.error.issues[0], value);
  const contracts = parsed.data.map(toContract);
  requireUniqueIds(contracts);
  return contracts;
}

/**
 * The book with these contract prices in force, replacing any it had. A model that this book does not name is left alone: a
 * process with an older book must not lose the rest of the agreement over it (see `contractsWithoutModel`).
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` when two of them cover the same model, speed and band on one day.
 */
export function withContractPrices(book: PriceBook, contracts: readonly ContractPrice[]): PriceBook {
  requireNoOverlap(book, contracts);
  return contracts.length === 0 && book.contracts.length === 0 ? book : { ...book, contracts };
}

/** Contract prices that name a model which the book does not know, and so do nothing. */
export function contractsWithoutModel(book: PriceBook): readonly ContractPrice[] {
  return book.contracts.filter(({ model }) => model !== null && !book.modelsByName.has(model));
}

/** The most exact one in effect: rates for this speed and band, then a discount on the model, then one on every model. */
export function findContract(book: PriceBook, price: Price, atMs: number): ContractPrice | null {
  if (book.contracts.length === 0) return null;
  const current = book.contracts.filter((contract) => inEffect(contract, atMs));
  const ofModel = current.filter(({ model }) => model !== null && canonicalName(book, model) === price.model);
  return (
    ofModel.find(({ speed, promptBand }) => speed === price.speed && promptBand === price.promptBand) ??
    ofModel.find(({ rates }) => rates === null) ??
    current.find(({ model }) => model === null) ??
    null
  );
}

function toContract(entry: ContractEntry): ContractPrice {
  const fault = faultOf(entry);
  if (fault !== null) throw invalidContract(`"${entry.id}"`, fault);
  const dates = toDates(entry, (reason) => invalidContract(`"${entry.id}"`, reason));
  const rates = entry.usdPerMtok ?? null;
  return Object.freeze({
    contractId: entry.id,
    model: entry.model,
    speed: rates === null ? null : (entry.speed ?? 'standard'),
    promptBand: rates === null ? null : (entry.promptBand ?? 'standard'),
    ...dates,
    rates,
    paidPpm: FULL_PRICE_PPM - (entry.discountPercent ?? 0),
    source: entry.source,
  });
}

function faultOf({ discountPercent, usdPerMtok, model, speed, promptBand }: ContractEntry): string | null {
  if ((discountPercent === undefined) === (usdPerMtok === undefined))
    return 'it needs either discountPercent or usdPerMtok';
  if (usdPerMtok !== undefined) return model === null ? 'its rates need the model that they are for' : null;
  if (speed !== undefined || promptBand !== undefined)
    return 'a discount covers every speed and prompt band; only rates are for one';
  return null;
}

function requireUniqueIds(contracts: readonly ContractPrice[]): void {
  const seen = new Set<string>();
  for (const { contractId } of contracts) {
    if (seen.has(contractId)) throw invalidContract(`"${contractId}"`, 'another one has the same id');
    seen.add(contractId);
  }
}

/** Two agreements for the same tokens would make a cost depend on their order. */
function requireNoOverlap(book: PriceBook, contracts: readonly ContractPrice[]): void {
  const lastOfTrack = new Map<string, ContractPrice>();
  for (const contract of [...contracts].sort((left, right) => (left.startMs < right.startMs ? -1 : 1))) {
    const model = contract.model === null ? null : canonicalName(book, contract.model);
    const track = JSON.stringify([model, contract.speed, contract.promptBand]);
    const before = lastOfTrack.get(track);
    if (before && contract.startMs < before.endMs)
      throw invalidContract(`"${contract.contractId}"`, `it starts before "${before.contractId}" ends`);
    lastOfTrack.set(track, contract);
  }
}

function canonicalName(book: PriceBook, name: string): string {
  return book.modelsByName.get(name)?.priced.model ?? name;
}

function describeIssue(issue: z.core.$ZodIssue | undefined, value: unknown): TallygateError {
  const [index, ...field] = issue?.path ?? [];
  const entry = Array.isArray(value) && typeof index === 'number' ? value[index] : null;
  const id = (entry as { id?: unknown } | null)?.id;
  const name =
    typeof id === 'string' ? `"${id}"` : index === undefined ? 'list' : `number ${Number(index) + 1}`;
  return invalidContract(
    name,
    [field.join('.'), issue?.message ?? 'it cannot be read'].filter(Boolean).join(' '),
  );
}

function invalidContract(name: string, fault: string): TallygateError {
  return new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `Contract price ${name}: ${fault}.`,
    cure: 'Correct it under contractPrices in tallygate.yaml and apply the file again.',
  });
}

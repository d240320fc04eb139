import { type ContractPricesDocument, contractsWithoutModel, livePriceBook } from '@tallygate/pricing';
import { type ConfigurationSnapshot, nearestName, TallygateError } from '@tallygate/usage';

export type ContractEntry = ContractPricesDocument[number];

/** Of a snapshot as it came over a wire. What is no contract price is left out here: whoever prices by it has refused it. */
export function contractEntries({ contractPrices }: ConfigurationSnapshot): ContractEntry[] {
  return Array.isArray(contractPrices) ? contractPrices.filter(isEntry) : [];
}

function isEntry(value: unknown): value is ContractEntry {
  return typeof (value as { id?: unknown } | null)?.id === 'string';
}

/**
 * A contract price for a model that no price book names would never be used, and nobody would see it.
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` with the nearest name.
 */
export function requireModels(priceBook: unknown, entries: readonly ContractEntry[]): void {
  const book = livePriceBook(priceBook, entries);
  const [lost] = contractsWithoutModel(book);
  if (lost === undefined) return;
  const near = nearestName(lost.model ?? '', [...book.modelsByName.keys()]);
  throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `Contract price "${lost.contractId}" is for model "${lost.model}", which the price book does not name.`,
    cure:
      near === null
        ? 'Correct its name, or publish a price book that has the model.'
        : `Did you mean ${near}?`,
  });
}

/** For people: "12.5% off claude-opus-5-5 from 2026-01-01 (order form)". */
export function contractDetails(before: ContractEntry | null, after: ContractEntry | null): string[] {
  const is = before === null ? [] : [describeContract(before)];
  const will = after === null ? [] : [describeContract(after)];
  return is.length === 1 && will.length === 1 ? [`was ${is[0]}`, `now ${will[0]}`] : [...is, ...will];
}

function describeContract(entry: ContractEntry): string {
  const { discountPercent, usdPerMtok: rates, model, effectiveFrom, effectiveTo, source } = entry;
  const subject = model ?? 'every model';
  const terms =
    rates === undefined
      ? `${discountPercent}% off ${subject}`
      : `${subject}${describeTrack(entry)} at USD per million: input ${rates.input}, cache read ${rates.cacheRead}, ` +
        `5m write ${rates.cacheWrite5m}, 1h write ${rates.cacheWrite1h}, output ${rates.output}`;
  const from = effectiveFrom ? ` from ${effectiveFrom}` : '';
  const to = effectiveTo ? ` until ${effectiveTo}` : '';
  return `${terms}${from}${to} (${source})`;
}

function describeTrack({ speed, promptBand }: ContractEntry): string {
  return [speed ? ` ${speed}` : '', promptBand === 'long' ? ' (long prompts)' : ''].join('');
}

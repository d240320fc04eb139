import type { Day } from './day.ts';
import { isChargedOtherwise } from './price-version.ts';
import type { PriceSum } from './rates.ts';
import type { CheapCell } from './unbilled-refusal.ts';

/** Models of one day, by the names that rows of ours have, whose rows must be read by price. */
export interface ChargesToRead {
  dayMs: number;
  responseModels: string[];
}

/** Models with a charge that does not follow from the price list, and those that were billed less than their tokens. */
export function chargesOfDay(
  { dayMs, internal, ours }: Day,
  cheap: readonly CheapCell[],
  modelName: (name: string) => string,
  priceSum: PriceSum,
): ChargesToRead | null {
  const models = new Set(cheap.map(({ row }) => row.model));
  for (const row of ours) if (isChargedOtherwise(row, priceSum)) models.add(row.model);
  if (models.size === 0) return null;
  const names = new Set(internal.map(({ group }) => group.responseModel ?? ''));
  const responseModels = [...names].filter((name) => models.has(modelName(name)));
  return responseModels.length === 0 ? null : { dayMs, responseModels };
}

import type { PriceBook } from '@tallygate/pricing';

/** The plain name of each model that was asked for, whichever of its names was used: budgets know a model by that one. */
export function plainModelNames(requested: readonly string[], { modelsByName }: PriceBook): string[] {
  return requested.map((name) => modelsByName.get(name)?.priced.model ?? name);
}

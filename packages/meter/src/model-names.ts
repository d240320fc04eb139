import type { PriceBook } from '@tallygate/pricing';
import type { Admission } from './admit.ts';

/** The plain name of each model that was asked for, whichever of its names was used: budgets know a model by that one. */
export function plainModelNames(requested: readonly string[], { modelsByName }: PriceBook): string[] {
  return requested.map((name) => modelsByName.get(name)?.priced.model ?? name);
}

/** Of one call, or of a whole batch: what budgets of a model cover it by. */
export function requestedModels({
  facts,
  configuration,
}: Pick<Admission, 'facts' | 'configuration'>): string[] {
  return plainModelNames(facts.models ?? [facts.model], configuration.priceBook);
}

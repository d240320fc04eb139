import { livePriceBook, type PriceBook, type PricedModel } from '@tallygate/pricing';
import {
  type Budget,
  type ConfigurationSnapshot,
  type LadderStep,
  nearestName,
  TallygateError,
} from '@tallygate/usage';

/** "trim to 1024 output tokens at least, standard speed, claude-haiku-5-5, then deny". */
export function describeLadder(ladder: readonly LadderStep[] | undefined): string {
  return [...(ladder ?? []).map(describeStep), 'then deny'].join(', ').replace(/^then /, '');
}

function describeStep(step: LadderStep): string {
  switch (step.step) {
    case 'trim':
      return `trim to ${step.minOutputTokens} output tokens at least`;
    case 'standard-speed':
      return 'standard speed';
    case 'downgrade':
      return step.model;
  }
}

/**
 * A downgrade that the price book cannot judge, or that saves nothing, would never be taken, and nobody would see it.
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` for a model without a price, and for one that is dearer than the budget's
 * own or than the downgrade before it.
 */
export function requireLadderModels(live: ConfigurationSnapshot, { budgets }: ConfigurationSnapshot): void {
  // Prices that cannot be read must not keep a budget without such a step from being applied.
  const concerned = budgets.filter(({ ladder }) => ladder?.some(({ step }) => step === 'downgrade'));
  if (concerned.length === 0) return;
  const book = livePriceBook(live.priceBook, live.contractPrices);
  for (const budget of concerned) requireDescent(budget, book);
}

function requireDescent({ id, scope, ladder = [] }: Budget, { modelsByName }: PriceBook): void {
  let above = scope.model === undefined ? undefined : modelsByName.get(scope.model)?.priced;
  const seen = new Set<string>();
  for (const step of ladder) {
    if (step.step !== 'downgrade') continue;
    const named = modelsByName.get(step.model)?.priced;
    const isScope = named !== undefined && named.model === scope.model;
    if (named === undefined) throw unknownModel(id, step.model, [...modelsByName.keys()]);
    if (isScope || seen.has(step.model))
      throw invalid(id, `"${step.model}" a second time`, 'Name each model once.');
    if (above !== undefined && isDearer(named, above))
      throw invalid(
        id,
        `"${step.model}", which is dearer than ${above.model}`,
        'Put the cheaper model last.',
      );
    seen.add(step.model);
    above = named;
  }
}

/** By their latest standard prices: for some calls it would be, and those would pass the step over. */
function isDearer(model: PricedModel, than: PricedModel): boolean {
  const [rates, ratesThan] = [latestRates(model), latestRates(than)];
  if (rates === undefined || ratesThan === undefined) return false;
  return (
    rates.uncachedInputPicoUsd > ratesThan.uncachedInputPicoUsd ||
    rates.outputPicoUsd > ratesThan.outputPicoUsd
  );
}

function latestRates({ prices }: PricedModel) {
  return prices.findLast(({ speed, promptBand }) => speed === 'standard' && promptBand === 'standard')?.rates;
}

function unknownModel(id: string, model: string, known: readonly string[]): TallygateError {
  const near = nearestName(model, known);
  const cure =
    near === null ? 'Correct its name, or publish a price book that has it.' : `Did you mean ${near}?`;
  return invalid(id, `"${model}", which the price book does not name`, cure);
}

function invalid(budgetId: string, what: string, cure: string): TallygateError {
  const message = `The ladder of budget ${budgetId} downgrades to ${what}.`;
  return new TallygateError('TALLYGATE_CONFIGURATION_INVALID', { message, cure });
}

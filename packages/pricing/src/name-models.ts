import { TallygateError } from '@tallygate/usage';
import type { NamedModel, Price, PricedModel } from './price-book.ts';
import type { CheckedDocument, ModelEntry } from './price-document.ts';

type NamedPlace = [name: string, location: NamedModel['location']];

/** Every exact name, whole Bedrock profile ids included: expanding them here is what spares look-ups any prefix matching. */
export function nameModels(document: CheckedDocument, prices: readonly Price[]): Map<string, NamedModel> {
  const named = new Map<string, NamedModel>();
  for (const entry of document.models) {
    const priced = toPricedModel(entry, prices);
    for (const [name, location] of namesOf(entry, document.bedrockProfiles)) {
      const taken = named.get(name);
      if (taken) throw sharedName(name, taken.priced, priced);
      named.set(name, Object.freeze({ priced, location }));
    }
  }
  return named;
}

function namesOf(entry: ModelEntry, profiles: CheckedDocument['bedrockProfiles']): NamedPlace[] {
  // A set, because Google Cloud calls dateless models by the provider's own id.
  const plain = new Set([
    entry.model,
    ...entry.aliases,
    ...entry.platformIds.vertex,
    ...entry.platformIds.bedrock,
  ]);
  const profiled = (prefixes: readonly string[], location: NamedModel['location']) =>
    entry.platformIds.bedrock.flatMap((id) =>
      prefixes.map((prefix): NamedPlace => [`${prefix}.${id}`, location]),
    );
  return [
    ...[...plain].map((name): NamedPlace => [name, null]),
    ...profiled(profiles.global, 'global'),
    ...profiled(profiles.regional, 'regional'),
  ];
}

function sharedName(name: string, first: PricedModel, second: PricedModel): TallygateError {
  return new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `Price book: the name "${name}" stands for both "${first.model}" and "${second.model}".`,
    cure: 'Give the name to one of them and publish the book again.',
  });
}

function toPricedModel(entry: ModelEntry, prices: readonly Price[]): PricedModel {
  return Object.freeze({
    model: entry.model,
    contextWindowTokens: entry.contextWindowTokens,
    maxOutputTokens: entry.maxOutputTokens,
    batchMaxOutputTokens: entry.batchMaxOutputTokens,
    prices: prices.filter((price) => price.model === entry.model),
  });
}

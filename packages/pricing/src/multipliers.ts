import type { Backend } from '@tallygate/usage';
import { isPartner } from './find-price.ts';
import type { NamedModel, Price } from './price-book.ts';

/** A percentage of the listed rates, with the judgements it took. */
export interface Multiplier {
  percent: number;
  flags: string[];
}

export interface Place {
  backend: Backend;
  /**
   * Where inference ran. On the provider's API as `usage.inference_geo` says it; on Bedrock and Google Cloud "global" for the
   * global endpoint and the region's name for any other.
   */
  inferenceGeo: string | null;
  /** What the model name itself says, which outranks the rest. */
  location: NamedModel['location'];
}

const BASE_GEOGRAPHIES: ReadonlySet<string | null> = new Set([null, 'global', 'not_available']);
const KNOWN_TIERS: ReadonlySet<string | null> = new Set([null, 'standard', 'batch']);

/** The surcharge for where inference ran. What is not known is priced as the dearer reading and flagged. */
export function placeMultiplier(price: Price, place: Place): Multiplier {
  return isPartner(place.backend) ? partnerMultiplier(price, place) : providerMultiplier(price, place);
}

function providerMultiplier(price: Price, { inferenceGeo }: Place): Multiplier {
  if (BASE_GEOGRAPHIES.has(inferenceGeo)) return { percent: 100, flags: [] };
  return { percent: price.usPercent, flags: inferenceGeo === 'us' ? [] : ['unknown_geography'] };
}

function partnerMultiplier(price: Price, { inferenceGeo, location }: Place): Multiplier {
  const unknown = inferenceGeo === null || inferenceGeo === 'not_available';
  const endpoint = location ?? (unknown ? 'unknown' : inferenceGeo === 'global' ? 'global' : 'regional');
  if (endpoint === 'global') return { percent: 100, flags: [] };
  const isGuess = endpoint === 'unknown' && price.regionalPercent !== 100;
  return { percent: price.regionalPercent, flags: isGuess ? ['assumed_regional'] : [] };
}

/**
 * The largest surcharge that can follow a request. One that names no geography can still be pinned to the US by its workspace,
 * which only the response tells.
 */
export function worstPlaceMultiplier(price: Price, place: Place): Multiplier {
  const stated = placeMultiplier(price, place);
  const mayBePinned = !isPartner(place.backend) && BASE_GEOGRAPHIES.has(place.inferenceGeo);
  const unstated = mayBePinned && place.inferenceGeo !== 'global';
  return unstated ? { ...stated, percent: Math.max(stated.percent, price.usPercent) } : stated;
}

/** The batch discount. Other tiers are priced at list: priority capacity is paid by contract, outside these prices. */
export function tierMultiplier(price: Price, serviceTier: string | null): Multiplier {
  if (serviceTier === 'batch') return { percent: price.batchPercent, flags: [] };
  if (KNOWN_TIERS.has(serviceTier)) return { percent: 100, flags: [] };
  return { percent: 100, flags: [serviceTier === 'priority' ? 'priority_tier' : 'unknown_service_tier'] };
}

import type { PriceBook } from '@tallygate/pricing';
import type { Backend } from '@tallygate/usage';

const VERTEX_HOST = /^(?:([a-z0-9-]+)-)?aiplatform\.googleapis\.com$/;
const VERTEX_REPLICATED_HOST = /^aiplatform\.([a-z0-9-]+)\.rep\.googleapis\.com$/;

/**
 * Where a partner runs a request, which decides about its regional surcharge: "global", or the name of a region or profile.
 * Bedrock says it in the name of the requested model, Google Cloud in the host. Null where neither does, and for the provider's
 * own API, whose answers tell it themselves.
 *
 * It is told before the call and holds for the charge as well: answers name the plain model, so a charge that went by the answer
 * would take a global call for a regional one and settle above its own worst case.
 */
export function inferencePlace(
  backend: Backend,
  request: { url: string; model: string },
  priceBook: PriceBook,
): string | null {
  if (backend === 'bedrock') return bedrockPlace(request.model, priceBook);
  if (backend === 'vertex') return vertexPlace(request.url);
  return null;
}

function bedrockPlace(model: string, priceBook: PriceBook): string | null {
  const location = priceBook.modelsByName.get(model)?.location ?? null;
  return location === 'regional' ? (model.split('.', 1)[0] ?? null) : location;
}

function vertexPlace(url: string): string | null {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  const replicated = VERTEX_REPLICATED_HOST.exec(host)?.[1];
  if (replicated !== undefined) return replicated;
  const regional = VERTEX_HOST.exec(host);
  return regional === null ? null : (regional[1] ?? 'global');
}

import type { Middleware } from '@anthropic-ai/sdk';
import { TallygateError } from '@tallygate/usage';
import { type ExtendableClient, isMetered, markMetered, meterPlaces, placeInnermost } from './innermost.ts';

/** As much of a client as wrapping needs. Structural: a monorepo may hold two copies of the SDK. */
export interface WrappableClient {
  middleware: readonly unknown[];
  withOptions(options: { middleware: unknown[] }): unknown;
}

/**
 * A client of the same class with the same options whose every attempt is metered. The client's own middleware stays and runs
 * first, and a request's own runs outside ours as well, so that retries made by either are metered too. A client that is
 * metered already is returned as it is.
 *
 * @throws TallygateError `TALLYGATE_CLIENT_UNSUPPORTED` for anything without the SDK's middleware option.
 */
export function wrapClient<Client>(client: Client, middleware: Middleware): Client {
  const candidate = client as Partial<WrappableClient> | null | undefined;
  if (typeof candidate?.withOptions !== 'function' || !Array.isArray(candidate.middleware)) {
    throw new TallygateError('TALLYGATE_CLIENT_UNSUPPORTED', {
      message: 'The client has no middleware option.',
    });
  }
  if (candidate.middleware.some(isMetered)) return client;
  const wrapped = (last: Middleware) =>
    candidate.withOptions?.({ middleware: [...(candidate.middleware ?? []), last] }) as Client;
  if (!isExtendable(candidate)) return wrapped(markMetered(middleware));
  const { outer, inner } = meterPlaces(middleware);
  const extended = wrapped(outer);
  return isExtendable(extended) ? placeInnermost(extended, inner) : extended;
}

function isExtendable(client: unknown): client is ExtendableClient {
  return typeof (client as Partial<ExtendableClient>).backendMiddleware === 'function';
}

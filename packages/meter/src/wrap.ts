import type { Middleware } from '@anthropic-ai/sdk';
import { TallygateError } from '@tallygate/usage';

/** As much of a client as wrapping needs. Structural: a monorepo may hold two copies of the SDK. */
export interface WrappableClient {
  middleware: readonly unknown[];
  withOptions(options: { middleware: unknown[] }): unknown;
}

const METERED = Symbol.for('tallygate.metered');

/**
 * A client of the same class with the same options whose every attempt is metered. The client's own middleware stays and runs
 * first, so that retries made by it are metered too. A client that is metered already is returned as it is.
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
  if (candidate.middleware.some((existing) => isMetered(existing))) return client;
  const metered = Object.assign(middleware, { [METERED]: true });
  return candidate.withOptions({ middleware: [...candidate.middleware, metered] }) as Client;
}

function isMetered(middleware: unknown): boolean {
  return typeof middleware === 'function' && (middleware as { [METERED]?: boolean })[METERED] === true;
}

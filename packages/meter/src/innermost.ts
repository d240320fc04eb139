import type { Middleware, MiddlewareContext } from '@anthropic-ai/sdk';

/** A client whose chain of middleware ends in a list of its own, which runs inside everybody else's. */
export interface ExtendableClient {
  middleware: readonly unknown[];
  withOptions(options: object): ExtendableClient;
  backendMiddleware(): readonly Middleware[];
}

const METERED = Symbol.for('tallygate.metered');

export function markMetered<Marked extends Middleware>(middleware: Marked): Marked {
  return Object.assign(middleware, { [METERED]: true });
}

export function isMetered(middleware: unknown): boolean {
  return typeof middleware === 'function' && (middleware as { [METERED]?: boolean })[METERED] === true;
}

/** The same meter at the two ends of the request's own middleware. For each call exactly one of them is at work. */
export interface MeterPlaces {
  /** Last of the client's middleware. */
  outer: Middleware;
  /** Inside the request's own middleware, which runs after the client's and may send more than once. */
  inner: Middleware;
}

export function meterPlaces(middleware: Middleware): MeterPlaces {
  const outer: Middleware = (request, next, context) =>
    ownMiddleware(context).length === 0 ? middleware(request, next, context) : next(request);
  const inner: Middleware = (request, next, context) => {
    const own = ownMiddleware(context);
    // A request that brings our middleware along is metered there.
    return own.length === 0 || own.some(isMetered) ? next(request) : middleware(request, next, context);
  };
  return { outer: markMetered(outer), inner };
}

function ownMiddleware(context: MiddlewareContext): readonly unknown[] {
  return context.options?.middleware ?? [];
}

/**
 * Places `inner` innermost on this client and on the copies that `withOptions` makes of it, as long as they keep our middleware.
 * The SDK has no option for that place, so the method that names it is extended on the one object.
 */
export function placeInnermost<Client extends ExtendableClient>(client: Client, inner: Middleware): Client {
  const { backendMiddleware, withOptions } = client;
  const extension = {
    backendMiddleware: () => [inner, ...backendMiddleware.call(client)],
    withOptions(options: object) {
      const copy = withOptions.call(client, options);
      return copy.middleware.some(isMetered) ? placeInnermost(copy, inner) : copy;
    },
  };
  for (const [name, value] of Object.entries(extension)) {
    Object.defineProperty(client, name, { value, configurable: true, writable: true });
  }
  return client;
}

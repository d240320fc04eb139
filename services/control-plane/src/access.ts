import { requireBearer } from '@tallygate/remote';
import { TallygateError } from '@tallygate/usage';
import type { MiddlewareHandler } from 'hono';

/**
 * Who may ask. Three rules, none of which knows about routes:
 * every request must be addressed to this machine; a write carries the bearer token; a read carries it too as soon as
 * somebody passed the request on.
 */

/** Asked for each request: the owner of a data directory may change, and its token with it. Null: nobody has the token. */
export type TokenSource = () => string | null;

/**
 * A page of any site can make its own name point to 127.0.0.1 and then read what answers there as if it were its own. The
 * browser still sends the name that it asked for, and that is refused.
 */
export const addressedHere: MiddlewareHandler = async (context, next) => {
  const host = context.req.header('host') ?? new URL(context.req.url).host;
  if (!isLoopbackHost(host)) {
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: 'The Host header does not name this machine.',
      cure: 'Ask 127.0.0.1 or localhost; a proxy in front passes the address that it forwards to as Host.',
    });
  }
  await next();
};

function isLoopbackHost(host: string): boolean {
  return /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i.test(host);
}

export function bearerRequired(token: TokenSource): MiddlewareHandler {
  return async (context, next) => {
    requireToken(context.req.header('authorization'), token());
    await next();
  };
}

/** Headers by which a proxy says that it speaks for somebody else. */
const FORWARDED = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'] as const;

/** Whoever sits at this machine may read. Behind a proxy that is everybody whom the proxy lets in, so then the token decides. */
export function bearerRequiredWhenForwarded(token: TokenSource): MiddlewareHandler {
  return async (context, next) => {
    if (FORWARDED.some((name) => context.req.header(name) !== undefined)) {
      requireToken(context.req.header('authorization'), token());
    }
    await next();
  };
}

function requireToken(authorization: string | undefined, token: string | null): void {
  if (token === null) {
    throw new TallygateError('TALLYGATE_TOKEN_REJECTED', {
      message: 'This control plane has no token, so nobody can present the right one.',
      cure: 'Start it with TALLYGATE_TOKEN set.',
    });
  }
  requireBearer(authorization, token);
}

import { requireBearer } from '@tallygate/remote';
import { TallygateError } from '@tallygate/usage';
import type { MiddlewareHandler } from 'hono';

/** Every write, and every route that other processes use, needs the bearer token. Without a token nobody can write. */
export function bearerOnly(token: string | null): MiddlewareHandler {
  return async (context, next) => {
    requireToken(context.req.header('authorization'), token);
    await next();
  };
}

/**
 * Reading needs no token where only this machine can connect and the browser says that it asked for this machine: a page of
 * another site whose name was made to point here (DNS rebinding) sends its own name as the host.
 */
export function readable(token: string | null, isLoopback: boolean): MiddlewareHandler {
  return async (context, next) => {
    const isOpen = isLoopback && namesLoopback(context.req.header('host') ?? new URL(context.req.url).host);
    if (!isOpen) requireToken(context.req.header('authorization'), token);
    await next();
  };
}

export function isLoopbackAddress(host: string): boolean {
  return /^(127(\.\d{1,3}){3}|::1|localhost)$/i.test(host);
}

function namesLoopback(host: string): boolean {
  return isLoopbackAddress(host.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''));
}

function requireToken(authorization: string | undefined, token: string | null): void {
  if (token === null) {
    throw new TallygateError('TALLYGATE_TOKEN_REJECTED', {
      message: 'This control plane was started without a token, so nobody can write to it.',
      cure: 'Start it with TALLYGATE_TOKEN set.',
    });
  }
  requireBearer(authorization, token);
}

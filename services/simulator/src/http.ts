import type { Context } from 'hono';
import { isObject, type JsonObject } from './json.ts';
import { invalidRequest, ProviderError } from './provider-error.ts';

/** What a request is known by while it is answered. */
export interface SimulatorEnv {
  Variables: { requestId: string };
}

export type SimulatorContext = Context<SimulatorEnv>;

const LARGEST_BODY_BYTES = 32 * 1024 * 1024;

/** @throws ProviderError 400 for anything but a JSON object, 413 above 32 MiB. */
export async function readJsonBody(c: SimulatorContext): Promise<JsonObject> {
  const text = await c.req.text();
  if (Buffer.byteLength(text) > LARGEST_BODY_BYTES) {
    throw new ProviderError('request_too_large', 'Request exceeds the maximum size');
  }
  const body = parsed(text);
  if (!isObject(body)) throw invalidRequest('The request body is not a valid JSON object');
  return body;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the body, which may be a prompt.
    return undefined;
  }
}

/** @throws ProviderError 400. The provider answers no request that does not name a version. */
export function requireVersion(c: SimulatorContext): void {
  if (c.req.header('anthropic-version') === undefined) {
    throw invalidRequest('anthropic-version: header is required');
  }
}

/** The way to break the connection under a response, or null when the app was called without a server. */
export function connectionCutter(c: SimulatorContext): (() => void) | null {
  const outgoing = isObject(c.env) ? c.env['outgoing'] : undefined;
  if (!isObject(outgoing) || typeof outgoing['destroy'] !== 'function') return null;
  const destroy = outgoing['destroy'];
  return () => {
    destroy.call(outgoing);
  };
}

import { createShadow } from '../watching/shadow.ts';
import type { ByteStream } from '../watching/watch-reads.ts';

/** A message can be in it, another one of its class can be made, and its body is a web stream that nobody reads yet. */
export function hasDrainableBody(response: Response): response is Response & { body: ByteStream } {
  return (
    response.ok &&
    response.constructor?.name === 'Response' &&
    typeof response.body?.getReader === 'function' &&
    !response.body.locked
  );
}

/** The same response with another body: where it came from is nothing that a constructor takes. */
export function callerResponse(response: Response, body: ByteStream): Response {
  const { status, statusText, headers } = response;
  const SameKind = response.constructor as typeof Response;
  return withOrigin(new SameKind(body, { status, statusText, headers }), response);
}

function withOrigin(response: Response, origin: Response): Response {
  shadowOrigin(response, origin);
  return response;
}

const shadowOrigin = createShadow<Response, Response>((native, originOf) => ({
  get url() {
    return originOf(this as unknown as Response).url;
  },
  get type() {
    return originOf(this as unknown as Response).type;
  },
  get redirected() {
    return originOf(this as unknown as Response).redirected;
  },
  clone(this: Response) {
    return withOrigin(native.clone.call(this), originOf(this));
  },
}));

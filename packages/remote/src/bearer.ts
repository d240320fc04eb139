import { createHash, timingSafeEqual } from 'node:crypto';
import { TallygateError } from '@tallygate/usage';

/**
 * Refuses a request whose `Authorization` header does not carry the token. Digests are compared, in constant time: neither
 * content nor length of the token can be learned from how long the answer takes.
 *
 * @throws TallygateError `TALLYGATE_TOKEN_REJECTED`
 */
export function requireBearer(authorization: string | undefined, token: string): void {
  const offered = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
  if (offered !== undefined && timingSafeEqual(digest(offered), digest(token))) return;
  throw new TallygateError('TALLYGATE_TOKEN_REJECTED', {
    message:
      offered === undefined
        ? 'The request carries no bearer token.'
        : 'The bearer token is not the right one.',
  });
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

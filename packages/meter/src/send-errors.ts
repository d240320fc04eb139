import { TallygateError } from '@tallygate/usage';

/** Failures that happen before the first byte of the request leaves: nothing can be billed. */
const NOT_SENT_CODES = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

const CAUSES_MAX = 8;

/**
 * True only where it is certain: also where another meter beneath refused the call. A timeout or a reset may have been billed, so
 * the attempt becomes `unknown`.
 */
export function wasSurelyNotSent(error: unknown): boolean {
  if (TallygateError.isInstance(error)) return true;
  return causes(error).some((cause) => typeof cause.code === 'string' && NOT_SENT_CODES.has(cause.code));
}

/** A stable name for the row: the system's error code, else "aborted" or "timeout", else the error's class. No message text. */
export function errorCodeOf(error: unknown): string {
  const chain = causes(error);
  const code = chain.map((cause) => cause.code).find((candidate) => typeof candidate === 'string');
  if (typeof code === 'string') return code;
  const name = chain[0]?.name;
  if (name === 'AbortError' || name === 'APIUserAbortError') return 'aborted';
  return typeof name === 'string' ? name : 'error';
}

const ERROR_TYPES: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

/** The provider's error type for a status whose body nobody read: the SDK discards the bodies of what it will retry. */
export function errorTypeOf(httpStatus: number | null): string | null {
  if (httpStatus === null || httpStatus < 400) return null;
  return ERROR_TYPES[httpStatus] ?? `http_${httpStatus}`;
}

interface Cause {
  code?: unknown;
  name?: unknown;
  cause?: unknown;
}

function causes(error: unknown): Cause[] {
  const chain: Cause[] = [];
  for (let cause = error; typeof cause === 'object' && cause !== null && chain.length < CAUSES_MAX; ) {
    chain.push(cause as Cause);
    cause = (cause as Cause).cause;
  }
  return chain;
}

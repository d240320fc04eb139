/**
 * The provider's error envelope. Whatever goes wrong is thrown as a `ProviderError` and leaves as
 * `{ type: 'error', error: { type, message }, request_id }` with the status that belongs to its type.
 */
const STATUS_OF = {
  invalid_request_error: 400,
  authentication_error: 401,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
} as const;

export type ProviderErrorType = keyof typeof STATUS_OF;

export class ProviderError extends Error {
  readonly type: ProviderErrorType;
  readonly headers: Readonly<Record<string, string>>;

  readonly status: number;

  /** `status` where it is not the one of its type: an expired cursor is 410. */
  constructor(
    type: ProviderErrorType,
    message: string,
    headers: Record<string, string> = {},
    status: number = STATUS_OF[type],
  ) {
    super(message);
    this.name = 'ProviderError';
    this.type = type;
    this.headers = headers;
    this.status = status;
  }
}

export function invalidRequest(message: string): ProviderError {
  return new ProviderError('invalid_request_error', message);
}

export function errorEnvelope(error: { type: ProviderErrorType; message: string }, requestId: string) {
  return { type: 'error', error: { type: error.type, message: error.message }, request_id: requestId };
}

/** Clients obey `x-should-retry` before they look at the status, so every error says it. */
export function errorHeaders(error: ProviderError): Record<string, string> {
  const worthRetrying = error.status === 429 || error.status >= 500;
  return { 'x-should-retry': String(worthRetrying), ...error.headers };
}

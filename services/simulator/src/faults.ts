import { invalidRequest, ProviderError } from './provider-error.ts';

/**
 * Failures on request, so that a caller can be tested against what a provider does on a bad day. Asked for by the header
 * `x-simulator-fault`; with `-once` only the first attempt of a call fails, told by the SDK's retry count.
 */
export const FAULTS = ['429', '500', '529', 'cut', 'mid-stream-error', 'slow', 'timeout'] as const;

export type Fault = (typeof FAULTS)[number];

export const FAULT_HEADER = 'x-simulator-fault';
const RETRY_COUNT_HEADER = 'x-stainless-retry-count';
const ONCE = '-once';

/** @throws ProviderError 400 for a fault nobody knows: a misspelt fault must not pass as a healthy answer. */
export function requestedFault(headers: Headers): Fault | null {
  const asked = headers.get(FAULT_HEADER);
  if (asked === null) return null;
  const once = asked.endsWith(ONCE);
  const name = once ? asked.slice(0, -ONCE.length) : asked;
  const fault = FAULTS.find((known) => known === name);
  if (fault === undefined)
    throw invalidRequest(`${FAULT_HEADER}: Input should be one of ${FAULTS.join(', ')}`);
  const isRetry = Number(headers.get(RETRY_COUNT_HEADER) ?? '0') > 0;
  return once && isRetry ? null : fault;
}

/** Short enough that a test with retries stays quick; clients prefer the milliseconds where they know them. */
const RETRY_HEADERS = { 'retry-after': '1', 'retry-after-ms': '20' };

/** The refusal a fault stands for, or null for faults that let generation begin. */
export function refusalFor(fault: Fault | null): ProviderError | null {
  switch (fault) {
    case '429':
      return new ProviderError(
        'rate_limit_error',
        'This request would exceed the rate limit for your organization.',
        RETRY_HEADERS,
      );
    case '500':
      return new ProviderError('api_error', 'Internal server error', RETRY_HEADERS);
    case '529':
      return overloaded();
    default:
      return null;
  }
}

export function overloaded(): ProviderError {
  return new ProviderError('overloaded_error', 'Overloaded', RETRY_HEADERS);
}

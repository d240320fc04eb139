import type { APIRequest } from '@anthropic-ai/sdk';
import type { Feature } from '@tallygate/usage';
import type { Admission } from '../admit.ts';
import { observeResponse, type ResponseObserver } from '../watching/observe-response.ts';
import { drainOnLeave } from './drain-on-leave.ts';

/** What becomes of one attempt's connection when its caller leaves before the end. */
export interface Departure {
  /** What is sent to the provider. */
  request: APIRequest;
  /** The response for the caller, watched. */
  observe(response: Response, observer: ResponseObserver): Response;
  /** No response arrived. */
  failed(): void;
  /** The meter closes: what is read behind the caller's back ends now, and whoever leaves from here on is cut. */
  close(): void;
}

/** @param onDraining called when reading on begins, with the longest that it may take. */
export function departureOf(
  { attribution, configuration }: Admission,
  request: APIRequest,
  onDraining: (durationMsMax: number) => void,
): Departure {
  const feature = configuration.snapshot.features?.find(({ id }) => id === attribution.feature);
  if (feature?.onLeave !== 'drain') return cutOnLeave(request);
  return drainOnLeave(request, boundsOf(feature), onDraining);
}

/** Nothing stands between the caller and the connection: whoever leaves, ends it. */
function cutOnLeave(request: APIRequest): Departure {
  return { request, observe: observeResponse, failed() {}, close() {} };
}

function boundsOf({ drainSeconds, drainMegabytes }: Feature) {
  return { durationMs: drainSeconds * 1_000, bytes: drainMegabytes * 1_000_000 };
}

import Anthropic, { type ClientOptions } from '@anthropic-ai/sdk';
import { type Meter, wrapClient } from '@tallygate/meter';

/** Ways for a caller to reach the provider: without the meter, and by each of its doors. */
export type Door = 'bare' | 'wrapped' | 'fetch';

/** What a caller holds in its hands. */
export interface Access {
  client: Anthropic;
  fetch: typeof fetch;
}

export function openDoor(door: Door, meter: Meter, options: ClientOptions & { fetch: typeof fetch }): Access {
  const build = (send: typeof fetch) =>
    new Anthropic({ apiKey: 'test', maxRetries: 0, logLevel: 'off', ...options, fetch: send });
  if (door === 'fetch') {
    const metered = meter.fetch(options.fetch);
    return { client: build(metered), fetch: metered };
  }
  const client = build(options.fetch);
  return { client: door === 'bare' ? client : wrapClient(client, meter.middleware), fetch: options.fetch };
}

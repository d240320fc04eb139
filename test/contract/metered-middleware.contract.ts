import type { Middleware } from '@anthropic-ai/sdk';
import { wrapClient } from '@tallygate/meter';
import { describe, expect, it } from 'vitest';
import { MODEL, message, meterRig, scriptedProvider } from './metered-fixtures.ts';
import { messageParams, type SdkClient } from './metered-sdk.ts';

interface ClientWithMiddleware extends SdkClient {
  withOptions(options: object): SdkClient;
}

/** A caller's own policy: reads each answer to its end and asks a second time, as a validating retry would. */
const askTwice: Middleware = async (request, next) => {
  await (await next(request)).json();
  return next(request);
};

/** Both of its attempts were answered, so both are billed. */
const TWICE = [
  { attemptNumber: 1, status: 'ok' },
  { attemptNumber: 2, status: 'ok' },
];

/** What other people's middleware sends is metered wherever it stands. */
export function describeOwnMiddleware(name: string, build: (options: object) => ClientWithMiddleware): void {
  function open(options: object = {}) {
    const rig = meterRig();
    const { fetch, received } = scriptedProvider([message]);
    const bare = build({ fetch, logLevel: 'off', ...options });
    return {
      ...rig,
      received,
      middleware: rig.meter.middleware,
      claude: wrapClient(bare, rig.meter.middleware),
    };
  }
  const call = (client: SdkClient, options: object = {}) =>
    client.messages.create(messageParams(MODEL) as never, options as never);

  describe(`${name} with middleware of others`, () => {
    it('meters both attempts of a retry in the client’s middleware', async () => {
      const { claude, meter, events, received } = open({ middleware: [askTwice] });
      await call(claude);
      await meter.close();
      expect(received).toHaveLength(2);
      expect(events).toMatchObject(TWICE);
      expect(new Set(events.map(({ callId }) => callId)).size).toBe(1);
    });

    it('meters both attempts of a retry in the request’s middleware', async () => {
      const { claude, meter, gate, events, received } = open();
      await call(claude, { middleware: [askTwice], attribution: { feature: 'twice' } });
      await meter.close();
      expect(received).toHaveLength(2);
      expect(events).toMatchObject(TWICE.map((row) => ({ ...row, attribution: { feature: 'twice' } })));
      expect(await gate.balances()).toMatchObject([{ held: 0n }]);
    });

    it('meters all attempts of retries in both', async () => {
      const { claude, meter, events, received } = open({ middleware: [askTwice] });
      await call(claude, { middleware: [askTwice] });
      await meter.close();
      expect([received.length, events.length]).toEqual([4, 4]);
    });

    it('keeps doing so in the copies that withOptions makes', async () => {
      const { claude, meter, events } = open();
      const copy = claude.withOptions({ maxRetries: 0 });
      await call(copy, { middleware: [askTwice] });
      await call(copy);
      await meter.close();
      expect(events).toHaveLength(3);
    });

    it('leaves a copy alone whose middleware was replaced', async () => {
      const { claude, meter, events } = open();
      await call(claude.withOptions({ middleware: [] }), { middleware: [askTwice] });
      await meter.close();
      expect(events).toHaveLength(0);
    });

    it('meters once what brings our middleware along, and a client that is wrapped twice', async () => {
      const { claude, meter, middleware, events } = open();
      expect(wrapClient(claude, middleware)).toBe(claude);
      await call(claude, { middleware: [middleware] });
      expect(wrapClient(build({ middleware: [middleware] }), middleware)).not.toBe(claude);
      await meter.close();
      expect(events).toHaveLength(1);
    });
  });
}

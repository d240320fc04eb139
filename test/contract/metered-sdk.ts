import { type Meter, wrapClient } from '@tallygate/meter';
import type { CallAttribution } from '@tallygate/usage';
import type { Call, MeteredClient, MeteredClientCase } from './metered-client.contract.ts';
import { MODEL } from './metered-fixtures.ts';

/** As much of a client as every version of the SDK, and every partner's, has. */
export interface SdkClient {
  messages: { create(params: never, options?: never): PromiseLike<unknown> };
}

export interface SdkOptions {
  fetch: typeof fetch;
  maxRetries: number;
  logLevel: 'off';
  middleware?: never;
}

/** How a client of the SDK is metered: by middleware, or by the fetch it is given. */
export interface SdkPlacement {
  connect<Client extends SdkClient>(
    build: (options: SdkOptions) => Client,
    meter: Meter,
    send: typeof fetch,
  ): Client;
  options(call: Call): object;
}

const QUIET = { maxRetries: 2, logLevel: 'off' as const };
const signalOf = ({ signal }: Call) => (signal ? { signal } : {});

export const wrapped: SdkPlacement = {
  connect: (build, meter, send) => wrapClient(build({ ...QUIET, fetch: send }), meter.middleware),
  options: (call) => ({ ...signalOf(call), ...(call.attribution && { attribution: call.attribution }) }),
};

export const throughFetch: SdkPlacement = {
  connect: (build, meter, send) => build({ ...QUIET, fetch: meter.fetch(send) }),
  options: (call) => ({ ...signalOf(call), headers: attributionHeaders(call.attribution) }),
};

export function attributionHeaders(attribution: CallAttribution | undefined): Record<string, string> {
  return attribution ? { 'x-tallygate-attribution': JSON.stringify(attribution) } : {};
}

type SdkCase = Pick<MeteredClientCase, 'name' | 'wireUrl'> &
  Partial<MeteredClientCase> & {
    build(options: SdkOptions): SdkClient;
    placement: SdkPlacement;
  };

/** The contract's view of a client of the SDK. */
export function sdkCase({ build, placement, ...rest }: SdkCase): MeteredClientCase {
  const isAnswered = placement === throughFetch;
  return {
    tiesTries: placement === wrapped,
    retries: true,
    statusOf: (error) => (error as { status?: unknown }).status,
    denial: isAnswered
      ? { status: 429, error: { error: { type: 'TALLYGATE_BUDGET_EXCEEDED' } } }
      : { name: 'BudgetExceededError', code: 'TALLYGATE_BUDGET_EXCEEDED', denial: { budgetId: 'support' } },
    connect: (meter, send) =>
      sdkClient(placement.connect(build, meter, send), placement, rest.model ?? MODEL),
    ...rest,
  };
}

export function messageParams(model: string) {
  return { model, max_tokens: 50, messages: [{ role: 'user' as const, content: 'What is in the report?' }] };
}

interface Delta {
  delta?: { text?: string };
}

function sdkClient(client: SdkClient, placement: SdkPlacement, model: string): MeteredClient {
  const send = (extra: object, call: Call) =>
    client.messages.create({ ...messageParams(model), ...extra } as never, placement.options(call) as never);
  return {
    async create(call = {}) {
      const message = (await send({}, call)) as { content: { text: string }[] };
      return message.content.map(({ text }) => text).join('');
    },
    async *stream(call = {}) {
      const events = (await send({ stream: true }, call)) as AsyncIterable<Delta>;
      for await (const { delta } of events) if (delta?.text !== undefined) yield delta.text;
    },
  };
}

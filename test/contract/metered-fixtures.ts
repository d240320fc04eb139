import { createMemoryGate } from '@tallygate/gate';
import { createConfigurationCache, createMeter, type Meter, type MeterOptions } from '@tallygate/meter';
import {
  type BudgetGate,
  type ConfigurationSnapshot,
  type DenialRecord,
  emptyConfiguration,
  type Feature,
  nanoFromUsd,
  type Settlement,
  silentLogger,
  systemClock,
  type UsageEvent,
} from '@tallygate/usage';

export const MODEL = 'claude-haiku-5-5';
export const TEXT = 'Four pages, one table.';

/** A message as the provider answers it: 1000 tokens read, 20 written. */
export const MESSAGE = {
  id: 'msg_01contract',
  type: 'message',
  role: 'assistant',
  model: MODEL,
  content: [{ type: 'text', text: TEXT }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: {
    input_tokens: 1000,
    output_tokens: 20,
    cache_read_input_tokens: 0,
    cache_creation_input_tokens: 0,
    service_tier: 'standard',
  },
};
/** 1000 × 100 + 20 × 500 nano-USD, Haiku 5.5's list price. */
export const MESSAGE_COST_NANO_USD = 110_000n;

const PIECES = [TEXT.slice(0, 9), TEXT.slice(9)];

/** The same message as the events of a stream. */
const STREAM_EVENTS: { type: string; [name: string]: unknown }[] = [
  {
    type: 'message_start',
    message: { ...MESSAGE, content: [], stop_reason: null, usage: { ...MESSAGE.usage, output_tokens: 1 } },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  ...PIECES.map((text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
  { type: 'content_block_stop', index: 0 },
  {
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: 20 },
  },
  { type: 'message_stop' },
];

/** How one backend writes the events of a stream on its wire. */
export interface StreamFraming {
  contentType: string;
  encode(event: { type: string }): Uint8Array;
}

export const sseFraming: StreamFraming = {
  contentType: 'text/event-stream; charset=utf-8',
  encode: (event) => new TextEncoder().encode(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`),
};

export const message = () => Response.json(MESSAGE, { headers: { 'request-id': 'req_contract' } });

export function wholeStream(framing: StreamFraming): Response {
  const chunks = STREAM_EVENTS.map((event) => framing.encode(event));
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
  });
  return new Response(body, { headers: { 'content-type': framing.contentType } });
}

/** Begins to answer and then waits for ever: only leaving it, or aborting the request, ends it. */
export function endlessStream(framing: StreamFraming, { signal }: Received, onLeft: () => void): Response {
  const begun = STREAM_EVENTS.slice(0, 3).map((event) => framing.encode(event));
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of begun) controller.enqueue(chunk);
      signal?.addEventListener('abort', () => {
        onLeft();
        controller.error(aborted());
      });
    },
    cancel: onLeft,
  });
  return new Response(body, { headers: { 'content-type': framing.contentType } });
}

const aborted = () => new DOMException('This operation was aborted', 'AbortError');

const failure = (status: number, type: string, headers: Record<string, string> = {}) =>
  Response.json({ type: 'error', error: { type, message: 'As scripted.' } }, { status, headers });

export const refused = () => failure(400, 'invalid_request_error');
export const overloaded = () => failure(529, 'overloaded_error', { 'retry-after-ms': '1' });

/** One request as it arrived at the provider. */
export interface Received {
  url: string;
  headers: Headers;
  body: string;
  signal: AbortSignal | null;
}

export interface Provider {
  fetch: typeof fetch;
  received: Received[];
}

/** Answers the n-th request by the n-th script, the last one from then on. Fails like `fetch` when the request is aborted. */
export function scriptedProvider(
  scripts: readonly ((request: Received) => Response | Promise<Response>)[],
): Provider {
  const received: Received[] = [];
  return {
    received,
    fetch: async (input, init) => {
      const request = new Request(input, { ...init, signal: null });
      const arrived = {
        url: request.url,
        headers: request.headers,
        body: await request.text(),
        signal: init?.signal ?? (input instanceof Request ? input.signal : null),
      };
      const script = scripts[Math.min(received.length, scripts.length - 1)];
      received.push(arrived);
      return script?.(arrived) ?? Response.error();
    },
  };
}

/** Never answers; ends as `fetch` ends when its signal fires. */
export function silence({ signal }: Received): Promise<Response> {
  return new Promise((_resolve, reject) => {
    const abort = () => reject(aborted());
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}

export interface MeterRig {
  meter: Meter;
  gate: BudgetGate;
  events: UsageEvent[];
  settlements: Settlement[];
  denials: DenialRecord[];
  /** Resolves with the first row. */
  firstRow: Promise<UsageEvent>;
}

export interface MeterRigOptions {
  limitUsd?: string;
  mode?: MeterOptions['mode'];
  features?: Feature[];
}

/** A real meter over the real gate in memory; what it records is kept in lists. */
export function meterRig(options: MeterRigOptions = {}): MeterRig {
  const organization = 'acme';
  const gate = createMemoryGate({
    organization,
    clock: systemClock,
    configuration: {
      ...emptyConfiguration(organization),
      ...budgetOf(options.limitUsd ?? '1'),
      features: options.features,
    },
  });
  const lists = {
    events: [] as UsageEvent[],
    settlements: [] as Settlement[],
    denials: [] as DenialRecord[],
  };
  let onRow: (event: UsageEvent) => void = () => undefined;
  const firstRow = new Promise<UsageEvent>((resolve) => {
    onRow = resolve;
  });
  const sink = {
    get recordedEvents() {
      return lists.events.length;
    },
    recordOutcome(event: UsageEvent) {
      lists.events.push(event);
      onRow(event);
    },
    recordSettlement: (settlement: Settlement) => void lists.settlements.push(settlement),
    recordDenial: (denial: DenialRecord) => void lists.denials.push(denial),
    flush: async () => ({ stored: 0, pending: 0 }),
    close: async () => undefined,
  };
  const configuration = createConfigurationCache({ gate, organization, logger: silentLogger });
  const meter = createMeter({
    mode: options.mode ?? 'enforce',
    clock: systemClock,
    logger: silentLogger,
    apiKeyId: null,
    pseudonymKey: null,
    defaults: { team: 'support', feature: 'chat', environment: 'test' },
    ports: async () => ({ gate, sink, configuration }),
  });
  return { meter, gate, firstRow, ...lists };
}

function budgetOf(limitUsd: string): Pick<ConfigurationSnapshot, 'budgets'> {
  const period = { period: 'month' as const, timeZone: 'UTC' };
  const limit = { limit: nanoFromUsd(limitUsd), onOutage: 'block' as const };
  return { budgets: [{ id: 'support', scope: { team: 'support' }, ...period, ...limit }] };
}

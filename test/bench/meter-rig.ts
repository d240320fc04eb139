import Anthropic from '@anthropic-ai/sdk';
import { createMemoryGate } from '@tallygate/gate';
import { createConfigurationCache, createMeter, wrapClient } from '@tallygate/meter';
import { emptyConfiguration, nanoFromUsd, silentLogger, systemClock, type UsageSink } from '@tallygate/usage';

const MODEL = 'claude-sonnet-5-5';
const PARAMS = { model: MODEL, max_tokens: 1024, messages: [{ role: 'user' as const, content: 'hello' }] };
const MESSAGE = {
  id: 'msg_bench',
  type: 'message',
  role: 'assistant',
  model: MODEL,
  content: [{ type: 'text', text: 'hello '.repeat(60) }],
  stop_reason: 'end_turn',
  usage: {
    input_tokens: 1200,
    output_tokens: 198,
    cache_read_input_tokens: 0,
    cache_creation_input_tokens: 0,
  },
};

/** 202 events, one in each chunk: what a provider sends for an answer of about 200 tokens. */
const CHUNKS = [
  { type: 'message_start', message: { ...MESSAGE, content: [], stop_reason: null } },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  ...Array.from({ length: 197 }, () => ({
    type: 'content_block_delta',
    index: 0,
    delta: { type: 'text_delta', text: 'hello ' },
  })),
  { type: 'content_block_stop', index: 0 },
  {
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: 198 },
  },
  { type: 'message_stop' },
].map((event) => new TextEncoder().encode(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`));

export const CHUNKS_PER_STREAM = CHUNKS.length;

export function streamedResponse(): Response {
  let index = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = CHUNKS[index];
      index += 1;
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}

/** Two ways to call, for one client. */
export interface Calls {
  stream(): Promise<void>;
  create(): Promise<void>;
}

export function calls(claude: Anthropic): Calls {
  return {
    async stream() {
      for await (const _event of await claude.messages.create({ ...PARAMS, stream: true }));
    },
    async create() {
      await claude.messages.create(PARAMS);
    },
  };
}

function bareClient(): Anthropic {
  return new Anthropic({
    apiKey: 'bench',
    logLevel: 'off',
    fetch: async (_url, init) =>
      String(init?.body).includes('"stream":true') ? streamedResponse() : Response.json(MESSAGE),
  });
}

export function bareCalls(): Calls {
  return calls(bareClient());
}

/** The real meter on the gate in process, with a budget on each level, and a sink that only counts. */
export function meteredCalls(): Calls & { recorded(): number; close(): Promise<void> } {
  const organization = 'bench';
  const gate = createMemoryGate({
    organization,
    clock: systemClock,
    configuration: { ...emptyConfiguration(organization), budgets: BUDGETS },
  });
  let recorded = 0;
  const sink: UsageSink = {
    get recordedEvents() {
      return recorded;
    },
    recordOutcome: () => {
      recorded += 1;
    },
    recordSettlement: () => undefined,
    recordDenial: () => undefined,
    flush: async () => ({ stored: recorded, pending: 0 }),
    close: async () => undefined,
  };
  const ports = Promise.resolve({
    gate,
    sink,
    configuration: createConfigurationCache({ gate, organization, logger: silentLogger }),
  });
  const meter = createMeter({
    mode: 'enforce',
    clock: systemClock,
    logger: silentLogger,
    apiKeyId: null,
    pseudonymKey: null,
    defaults: { team: 'bench', feature: 'bench', environment: 'bench' },
    ports: () => ports,
  });
  const claude = wrapClient(bareClient(), meter.middleware);
  return { ...calls(claude), recorded: () => recorded, close: () => meter.close() };
}

const budget = (id: string, scope: { team?: string; feature?: string }, period: 'day' | 'month') => ({
  id,
  scope,
  period,
  timeZone: 'UTC',
  limitNanoUsd: nanoFromUsd('1000000'),
  onOutage: 'block' as const,
});

const BUDGETS = [
  budget('all', {}, 'month'),
  budget('team', { team: 'bench' }, 'month'),
  budget('feature', { team: 'bench', feature: 'bench' }, 'month'),
  budget('day', { team: 'bench' }, 'day'),
];

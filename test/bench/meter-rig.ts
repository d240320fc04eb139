import Anthropic from '@anthropic-ai/sdk';
import { createMemoryGate } from '@tallygate/gate';
import { createConfigurationCache, createMeter, wrapClient } from '@tallygate/meter';
import { emptyConfiguration, nanoFromUsd, silentLogger, systemClock, type UsageSink } from '@tallygate/usage';
import { CHUNKS, MESSAGE, PARAMS } from './made-answers.ts';

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

/** Answered inside this process, or by the server at `baseURL`. */
function bareClient(baseURL?: string): Anthropic {
  const options = { apiKey: 'bench', logLevel: 'off' as const };
  if (baseURL !== undefined) return new Anthropic({ ...options, baseURL });
  return new Anthropic({
    ...options,
    fetch: async (_url, init) =>
      String(init?.body).includes('"stream":true') ? streamedResponse() : Response.json(MESSAGE),
  });
}

export function bareCalls(baseURL?: string): Calls {
  return calls(bareClient(baseURL));
}

/** The real meter on the gate in process, with a budget on each level, and a sink that only counts. */
export function meteredCalls(baseURL?: string): Calls & { recorded(): number; close(): Promise<void> } {
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
  const claude = wrapClient(bareClient(baseURL), meter.middleware);
  return { ...calls(claude), recorded: () => recorded, close: () => meter.close() };
}

const budget = (id: string, scope: { team?: string; feature?: string }, period: 'day' | 'month') => ({
  id,
  scope,
  period,
  timeZone: 'UTC',
  limit: nanoFromUsd('1000000'),
  onOutage: 'block' as const,
});

const BUDGETS = [
  budget('all', {}, 'month'),
  budget('team', { team: 'bench' }, 'month'),
  budget('feature', { team: 'bench', feature: 'bench' }, 'month'),
  budget('day', { team: 'bench' }, 'day'),
];

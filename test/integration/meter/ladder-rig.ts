/** A meter that enforces, and a provider behind real HTTP that writes down what it was sent and what was held meanwhile. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import Anthropic, { type Middleware } from '@anthropic-ai/sdk';
import {
  createConfigurationCache,
  createMeter,
  type LadderNotice,
  type MeterOptions,
  wrapClient,
} from '@tallygate/meter';
import {
  type Balance,
  type Budget,
  type BudgetGate,
  type CallIntent,
  type ConfigurationSnapshot,
  type DenialRecord,
  emptyConfiguration,
  type LadderStep,
  nanoFromUsd,
  silentLogger,
  systemClock,
  type UsageEvent,
} from '@tallygate/usage';
import { onTestFinished } from 'vitest';
import { openInMemory } from '../../contract/open-gates.ts';

export const OPUS = 'claude-opus-5-5';
export const HAIKU = 'claude-haiku-5-5';
/** Of a token that it writes, in nano-USD, with the surcharge that the provider's answer may tell of. */
export const OPUS_OUTPUT_NANO_USD = 22_000n;

export interface Arrival {
  url: string;
  body: Record<string, unknown>;
  text: string;
  balances: Balance[];
}

export interface LadderRig {
  claude: Anthropic;
  middleware: Middleware;
  meteredFetch: typeof fetch;
  baseUrl: string;
  arrivals: Arrival[];
  events: UsageEvent[];
  denials: DenialRecord[];
  intents: CallIntent[];
  notices: LadderNotice[];
  /** Spent and held of each budget, after all that was under way has ended. */
  balancesAtEnd(): Promise<Balance[]>;
}

export function budgetWith(limitUsd: string, ladder?: LadderStep[], more: Partial<Budget> = {}): Budget {
  return {
    id: 'support',
    scope: { team: 'support' },
    period: 'year',
    timeZone: 'UTC',
    limit: nanoFromUsd(limitUsd),
    onOutage: 'block',
    ...(ladder === undefined ? {} : { ladder }),
    ...more,
  };
}

export async function ladderRig(
  budgets: Budget[],
  options: Partial<MeterOptions> & { gate?: (real: BudgetGate) => BudgetGate } = {},
  openGate = openInMemory,
): Promise<LadderRig> {
  const organization = `ladder-${process.pid}-${performance.now()}`.replace('.', '-');
  const configuration: ConfigurationSnapshot = { ...emptyConfiguration(organization), version: 1, budgets };
  const { gate: real } = await openGate(organization, { configuration });
  const { gate: disturbed = (gate: BudgetGate) => gate, ...meterOptions } = options;
  const gate = disturbed(real);
  const [events, denials, notices]: [UsageEvent[], DenialRecord[], LadderNotice[]] = [[], [], []];
  const intents: CallIntent[] = [];
  const sink = {
    recordedEvents: 0,
    recordOutcome: (event: UsageEvent) => void events.push(event),
    recordIntent: (intent: CallIntent) => void intents.push(intent),
    recordSettlement: () => undefined,
    recordDenial: (denial: DenialRecord) => void denials.push(denial),
    flush: async () => ({ stored: 0, pending: 0 }),
    close: async () => undefined,
  };
  const cache = createConfigurationCache({ gate, organization, logger: silentLogger });
  const meter = createMeter({
    mode: 'enforce',
    clock: systemClock,
    logger: silentLogger,
    apiKeyId: null,
    pseudonymKey: null,
    defaults: { team: 'support', feature: 'chat', environment: 'test' },
    ports: async () => ({ gate, sink, configuration: cache }),
    onLadder: (notice) => void notices.push(notice),
    ...meterOptions,
  });
  const { baseUrl, arrivals } = await startProvider(real);
  const bare = new Anthropic({ apiKey: 'test', baseURL: baseUrl, maxRetries: 0, logLevel: 'off' });
  return {
    ...{ baseUrl, arrivals, events, denials, intents, notices },
    claude: wrapClient(bare, meter.middleware),
    middleware: meter.middleware,
    meteredFetch: meter.fetch(),
    async balancesAtEnd() {
      await meter.close();
      return real.balances();
    },
  };
}

/** Answers with the model that it was asked for, 1000 tokens read and 20 written. */
async function startProvider(gate: BudgetGate): Promise<{ baseUrl: string; arrivals: Arrival[] }> {
  const arrivals: Arrival[] = [];
  const server = createServer(async (request, response) => {
    const sent = await text(request);
    const body = JSON.parse(sent) as Record<string, unknown>;
    arrivals.push({ url: request.url ?? '', text: sent, body, balances: await gate.balances() });
    const isStream = body['stream'] === true;
    response.setHeader('content-type', isStream ? 'text/event-stream' : 'application/json');
    response.end(isStream ? eventsOf(body['model']) : JSON.stringify(messageOf(body['model'])));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, arrivals };
}

const messageOf = (model: unknown) => ({
  id: 'msg_01ladder',
  type: 'message',
  role: 'assistant',
  model,
  content: [{ type: 'text', text: 'hello' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 100, output_tokens: 20 },
});

function eventsOf(model: unknown): string {
  const message = { ...messageOf(model), content: [], stop_reason: null };
  const events = [
    { type: 'message_start', message },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'hello' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 20 } },
    { type: 'message_stop' },
  ];
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}

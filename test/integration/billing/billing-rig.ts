/** A provider on a loopback port that answers what a test made up, a real client wrapped by a real meter, and its rows. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Anthropic from '@anthropic-ai/sdk';
import { createMemoryGate } from '@tallygate/gate';
import { createConfigurationCache, createMeter, wrapClient } from '@tallygate/meter';
import {
  type BudgetGate,
  emptyConfiguration,
  nanoFromUsd,
  silentLogger,
  type UsageEvent,
} from '@tallygate/usage';
import { bodyOf, type ProviderMessage } from './provider-message.ts';

export interface Provider {
  url: string;
  /** What the next requests are answered with, in order; the last one from then on. */
  answers: ProviderMessage[];
  /** Headers of every answer, beside its type. */
  headers: Record<string, string>;
  /** Bodies as they arrived. */
  received: Record<string, unknown>[];
  close(): Promise<void>;
}

export async function startProvider(): Promise<Provider> {
  const received: Record<string, unknown>[] = [];
  const provider: Omit<Provider, 'url' | 'close'> = { answers: [], headers: {}, received };
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const body: Record<string, unknown> = JSON.parse(text);
    received.push(body);
    const [answer] = provider.answers.length > 1 ? provider.answers.splice(0, 1) : provider.answers;
    if (!answer) throw new Error('the test scripted no answer');
    const isStream = body['stream'] === true;
    response.setHeaders(new Headers(provider.headers));
    response.setHeader('content-type', isStream ? 'text/event-stream' : 'application/json');
    response.end(bodyOf(answer, isStream));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(provider, { url: `http://127.0.0.1:${port}`, close: () => closed(server) });
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

export interface Application {
  claude: Anthropic;
  gate: BudgetGate;
  events: UsageEvent[];
  /** Ends what is open, and tells what the month's budget was charged. */
  close(): Promise<{ spent: bigint; held: bigint }>;
}

const organization = 'acme';

/** One application whose clock stands at an instant: prices and rules of that day apply. */
export function startApplication(providerUrl: string, atMs: number): Application {
  const clock = { nowMs: () => atMs, monotonicMs: () => 0 };
  const budget = { id: 'all', scope: {}, period: 'month', timeZone: 'UTC', onOutage: 'block' } as const;
  const budgets = [{ ...budget, limit: nanoFromUsd('1000') }];
  const gate = createMemoryGate({
    organization,
    clock,
    configuration: { ...emptyConfiguration(organization), budgets },
  });
  const events: UsageEvent[] = [];
  const sink = {
    get recordedEvents() {
      return events.length;
    },
    recordOutcome: (event: UsageEvent) => void events.push(event),
    recordSettlement: () => undefined,
    recordDenial: () => undefined,
    flush: async () => ({ stored: 0, pending: 0 }),
    close: async () => undefined,
  };
  const configuration = createConfigurationCache({ gate, organization, logger: silentLogger });
  const meter = createMeter({
    mode: 'enforce',
    clock,
    logger: silentLogger,
    apiKeyId: null,
    pseudonymKey: null,
    telemetry: 'off',
    defaults: { team: 'support', feature: 'chat', environment: 'test' },
    ports: async () => ({ gate, sink, configuration }),
  });
  const bare = new Anthropic({ apiKey: 'test', baseURL: providerUrl, maxRetries: 0, logLevel: 'off' });
  return {
    claude: wrapClient(bare, meter.middleware),
    gate,
    events,
    async close() {
      await meter.close();
      const [balance] = await gate.balances();
      if (!balance) throw new Error('the budget is gone');
      return balance;
    },
  };
}

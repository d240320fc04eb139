import Anthropic from '@anthropic-ai/sdk';
import { type AdminApi, createAdminApi } from '@tallygate/admin-api';
import { createMemoryGate } from '@tallygate/gate';
import { createConfigurationCache, createMeter, wrapClient } from '@tallygate/meter';
import { DEFAULT_ADMIN_KEY, type RunningSimulator, startSimulator } from '@tallygate/simulator';
import { type Clock, emptyConfiguration, silentLogger, type UsageEvent } from '@tallygate/usage';
import { onTestFinished } from 'vitest';

/** The stand-in provider on a port, the real meter in front of it, and one clock for both that only the test moves. */
export const ORGANIZATION = 'acme';
export const DAY_MS = 86_400_000;
export const MINUTE_MS = 60_000;
export const DAY_1 = Date.parse('2026-11-18T00:00:00Z');

export const METERED = {
  key: 'sk-ant-api03-metered-0000000000000000000000-met',
  id: 'apikey_01Metered',
  workspaceId: null,
};
export const FOREIGN = {
  key: 'sk-ant-api03-foreign-0000000000000000000000-for',
  id: 'apikey_01Foreign',
  workspaceId: null,
};

export interface MeteredSimulator {
  /** Metered, on the key METERED. */
  claude: Anthropic;
  /** Nobody's meter, on the key FOREIGN. */
  stranger: Anthropic;
  adminApi: AdminApi;
  simulator: RunningSimulator['simulator'];
  url: string;
  events: UsageEvent[];
  clock: Clock;
  moveTo(instantMs: number): void;
  /** Resolves when every recorded outcome is in `events` and the bill is complete. */
  settled(): Promise<void>;
}

export async function meteredSimulator(
  options: { extraBilledUsd?: string; discountPercent?: number } = {},
): Promise<MeteredSimulator> {
  let nowMs = DAY_1 + DAY_MS / 2;
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => performance.now() };
  const running = await startSimulator({
    ...options,
    nowMs: () => nowMs,
    apiKeys: [METERED, FOREIGN],
    eventDelayMs: 0,
  });
  onTestFinished(() => running.close());
  const events: UsageEvent[] = [];
  const meter = meterInto(events, clock);
  onTestFinished(() => meter.close());
  const clientOf = (apiKey: string) =>
    new Anthropic({ apiKey, baseURL: running.url, logLevel: 'off', maxRetries: 0 });
  return {
    claude: wrapClient(clientOf(METERED.key), meter.middleware),
    stranger: clientOf(FOREIGN.key),
    adminApi: createAdminApi({ apiKey: DEFAULT_ADMIN_KEY, baseUrl: running.url }),
    simulator: running.simulator,
    url: running.url,
    events,
    clock,
    moveTo(instantMs) {
      nowMs = instantMs;
    },
    async settled() {
      await running.simulator.idle();
      await meter.settled();
    },
  };
}

function meterInto(events: UsageEvent[], clock: Clock) {
  const gate = createMemoryGate({
    organization: ORGANIZATION,
    clock,
    configuration: emptyConfiguration(ORGANIZATION),
  });
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
  const configuration = createConfigurationCache({ gate, organization: ORGANIZATION, logger: silentLogger });
  return createMeter({
    mode: 'observe',
    clock,
    logger: silentLogger,
    // As for most people: the meter knows a hint, the provider's list of keys knows the id.
    apiKeyId: null,
    pseudonymKey: null,
    defaults: { team: 'support', feature: 'chat', environment: 'test' },
    ports: () => Promise.resolve({ gate, sink, configuration }),
  });
}

export function picoFromUsd(text: string): bigint {
  const [whole = '', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(12, '0'));
}

import Anthropic from '@anthropic-ai/sdk';
import { createMemoryGate } from '@tallygate/gate';
import { createConfigurationCache, createMeter, wrapClient } from '@tallygate/meter';
import {
  emptyConfiguration,
  silentLogger,
  systemClock,
  type UsageEvent,
  type UsageSink,
} from '@tallygate/usage';
import { EXCHANGES, type Exchange, PRICED_AT_MS } from './exchanges.ts';
import { isTrue, type Verdict } from './judge.ts';
import { fetchOf, perform } from './stage.ts';

const CLOCK = { nowMs: () => PRICED_AT_MS, monotonicMs: systemClock.monotonicMs };
const ORGANIZATION = 'bench';

/** What the meter makes of the ten. Stricter than for peers: an amount that rests on an estimate must say so, no other may. */
export async function ourVerdicts(): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const exchange of EXCHANGES) {
    const events = await meteredEvents(exchange);
    const lines = events.flatMap((event) => event.lines);
    const foundNanoUsd = lines.reduce((sum, line) => sum + line.listCostNanoUsd, 0n);
    const isEstimated = events.some(({ basis }) => basis === 'estimated');
    const isHonest = isEstimated === 'atLeastNanoUsd' in exchange.truth;
    const exact = isHonest && isTrue(exchange, foundNanoUsd);
    verdicts.push({ exchange: exchange.name, foundNanoUsd: `${foundNanoUsd}`, exact, keepsUsage: false });
  }
  return verdicts;
}

async function meteredEvents(exchange: Exchange): Promise<UsageEvent[]> {
  const events: UsageEvent[] = [];
  const meter = createMeter({
    mode: 'observe',
    clock: CLOCK,
    logger: silentLogger,
    apiKeyId: null,
    pseudonymKey: null,
    defaults: { team: 'bench', feature: 'bench', environment: 'bench' },
    ports: portsTo(events),
  });
  const claude = new Anthropic({ apiKey: 'bench', logLevel: 'off', fetch: fetchOf(exchange) });
  await perform(wrapClient(claude, meter.middleware), exchange);
  await meter.close();
  return events;
}

function portsTo(events: UsageEvent[]) {
  const gate = createMemoryGate({
    organization: ORGANIZATION,
    clock: CLOCK,
    configuration: emptyConfiguration(ORGANIZATION),
  });
  const configuration = createConfigurationCache({ gate, organization: ORGANIZATION, logger: silentLogger });
  const ports = Promise.resolve({ gate, sink: sinkTo(events), configuration });
  return () => ports;
}

function sinkTo(events: UsageEvent[]): UsageSink {
  return {
    get recordedEvents() {
      return events.length;
    },
    recordOutcome: (event) => void events.push(event),
    recordSettlement: () => undefined,
    recordDenial: () => undefined,
    flush: async () => ({ stored: events.length, pending: 0 }),
    close: async () => undefined,
  };
}

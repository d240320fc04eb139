import { createMemoryGate } from '@tallygate/gate';
import { createConfigurationCache, createMeter } from '@tallygate/meter';
import { type Clock, silentLogger, type UsageEvent, type UsageSink } from '@tallygate/usage';
import { compareWithTruth, type Difference } from './compare.ts';
import { type DeliveryOptions, playExchange } from './exchange.ts';
import type { ReplayCase } from './recordings.ts';

/** How much of the recorded world the meter got exactly right. Printed as it is by `npm run replay`. */
export interface ReplayReport {
  exchanges: number;
  exact: number;
  mismatched: number;
  /** How many exchanges differ in each field. */
  byField: Record<string, number>;
  /** Calls that threw with the meter and not without it, or the other way round. Always empty in a transparent meter. */
  differentThrows: string[];
  examples: { id: string; differences: Difference[] }[];
}

const EXAMPLES_MAX = 20;

/** Plays every case with and without the meter and compares what was recorded with the truth. */
export async function replay(
  cases: ReplayCase[],
  delivery: DeliveryOptions,
  onProgress: (done: number, total: number) => void,
): Promise<ReplayReport> {
  const report: ReplayReport = {
    exchanges: cases.length,
    exact: 0,
    mismatched: 0,
    byField: {},
    differentThrows: [],
    examples: [],
  };
  for (const [index, one] of cases.entries()) {
    const { event, sameThrow } = await meterExchange(one, delivery);
    const differences = compareWithTruth(one.truth, event);
    if (!sameThrow) report.differentThrows.push(one.recording.id);
    if (differences.length === 0 && sameThrow) report.exact += 1;
    else countMismatch(report, one.recording.id, differences);
    onProgress(index + 1, cases.length);
  }
  return report;
}

function countMismatch(report: ReplayReport, id: string, differences: Difference[]): void {
  report.mismatched += 1;
  for (const field of new Set(differences.map((difference) => difference.field))) {
    report.byField[field] = (report.byField[field] ?? 0) + 1;
  }
  if (report.examples.length < EXAMPLES_MAX) report.examples.push({ id, differences });
}

async function meterExchange({ recording, truth }: ReplayCase, delivery: DeliveryOptions) {
  const events: UsageEvent[] = [];
  const clock = fixedClock(Date.parse(`${truth.price_date ?? '2026-11-20'}T12:00:00Z`));
  const organization = 'replay';
  const gate = createMemoryGate({ organization, clock });
  const configuration = createConfigurationCache({ gate, organization, logger: silentLogger });
  const ports = Promise.resolve({ gate, sink: collecting(events), configuration });
  const meter = createMeter({
    mode: 'enforce',
    clock,
    logger: silentLogger,
    apiKeyId: null,
    pseudonymKey: null,
    defaults: { team: 'replay', feature: null, environment: null },
    ports: () => ports,
  });
  const bare = await playExchange(recording, [], delivery);
  const metered = await playExchange(recording, [meter.middleware], delivery);
  await meter.close();
  await gate.close();
  const sameThrow =
    bare.error?.name === metered.error?.name && bare.error?.message === metered.error?.message;
  return { event: events[0] ?? null, sameThrow: sameThrow && bare.values.length === metered.values.length };
}

function collecting(events: UsageEvent[]): UsageSink {
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

/** The day whose prices apply. Monotonic time is real, so that latencies are. */
function fixedClock(atMs: number): Clock {
  return { nowMs: () => atMs, monotonicMs: () => performance.now() };
}

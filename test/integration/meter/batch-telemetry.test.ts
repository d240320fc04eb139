import { context, metrics, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { createMemoryBatchOwners } from '@tallygate/meter';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createdBatch, HAIKU, ITEMS, readResults, sharedParts, startProcess } from './batch-rig.ts';
import { asyncContexts, recordingMetrics } from './recording-telemetry.ts';

const exporter = new InMemorySpanExporter();
let recorded: ReturnType<typeof recordingMetrics>;

beforeEach(() => {
  recorded = recordingMetrics();
  exporter.reset();
  context.setGlobalContextManager(asyncContexts());
  metrics.setGlobalMeterProvider(recorded.provider);
  const spanProcessors = [new SimpleSpanProcessor(exporter)];
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
});
afterEach(() => {
  for (const api of [trace, context, metrics]) api.disable();
});

function inSpan<Value>(name: string, work: () => Promise<Value>): Promise<Value> {
  const tracer = trace.getTracer('application');
  return tracer.startActiveSpan(name, (span) => work().finally(() => span.end()));
}

it('items of a batch are in the ledger alone: no metric counts them, however often they are read, and no span bears their cost', async () => {
  const app = startProcess({ ...sharedParts(), script: { results: ITEMS } });
  await inSpan('job', async () => {
    await createdBatch(app);
    await readResults(app);
    await readResults(app);
  });
  expect(app.events).toHaveLength(2);
  expect(recorded.measurements).toEqual([]);
  const attributes = exporter.getFinishedSpans().flatMap((span) => Object.keys(span.attributes));
  expect(attributes.filter((name) => name.startsWith('tallygate.'))).toEqual([]);

  // The same process and the same instruments do count a call.
  const params = { model: HAIKU, max_tokens: 10, messages: [{ role: 'user' as const, content: 'hi' }] };
  await inSpan('job', async () => app.claude.messages.create(params));
  await app.meter.settled();
  expect(recorded.measurements.map(({ name }) => name)).toContain('gen_ai.client.operation.duration');
});

it('the row of an item names no trace: whoever reads it in whatever trace writes the same row', async () => {
  const parts = sharedParts();
  const owners = createMemoryBatchOwners({ clock: parts.clock });
  const start = () => startProcess({ ...parts, owners, script: { results: ITEMS } });
  const [first, second] = [start(), start()];
  await createdBatch(first);
  await Promise.all([
    inSpan('one reader', () => readResults(first)),
    inSpan('another reader', () => readResults(second)),
  ]);
  expect(first.events.map(({ traceId }) => traceId)).toEqual([null, null]);
  expect(second.events).toEqual(first.events);
  const traces = exporter.getFinishedSpans().map((span) => span.spanContext().traceId);
  expect(new Set(traces).size).toBeGreaterThan(1);
});

import Anthropic from '@anthropic-ai/sdk';
import { context, DiagLogLevel, diag, metrics, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { createMemoryGate } from '@tallygate/gate';
import { createConfigurationCache, createMeter, type MeterOptions, wrapClient } from '@tallygate/meter';
import { emptyConfiguration, silentLogger, systemClock, type UsageEvent } from '@tallygate/usage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asyncContexts, recordingMetrics } from './recording-telemetry.ts';

const organization = 'acme';
const MODEL = 'claude-haiku-5-5';
const PARAMS = { model: MODEL, max_tokens: 50, messages: [{ role: 'user' as const, content: 'hi' }] };
const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: MODEL,
  content: [{ type: 'text', text: 'hello' }],
  stop_reason: 'end_turn',
  usage: {
    input_tokens: 1000,
    output_tokens: 20,
    cache_read_input_tokens: 300,
    cache_creation_input_tokens: 70,
    cache_creation: { ephemeral_5m_input_tokens: 50, ephemeral_1h_input_tokens: 20 },
    service_tier: 'standard',
  },
};
const answered = () => Response.json(MESSAGE, { headers: { 'request-id': 'req_secret' } });
const overloaded = () =>
  Response.json({ type: 'error', error: { type: 'overloaded_error', message: 'busy' } }, { status: 529 });

function streamed(): Response {
  const events = [
    { type: 'message_start', message: { ...MESSAGE, content: [], stop_reason: null } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'hello' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 20 } },
    { type: 'message_stop' },
  ];
  const text = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
  return new Response(text, { headers: { 'content-type': 'text/event-stream' } });
}

const EXPORTER = new InMemorySpanExporter();

function rig(
  answers: (() => Response | Promise<Response>)[] = [answered],
  options: Partial<MeterOptions> = {},
) {
  const configuration = { ...emptyConfiguration(organization), teams: [] };
  const gate = createMemoryGate({ organization, clock: systemClock, configuration });
  const events: UsageEvent[] = [];
  const sink = {
    recordedEvents: 0,
    recordOutcome: (event: UsageEvent) => void events.push(event),
    recordSettlement: () => undefined,
    recordDenial: () => undefined,
    flush: async () => ({ stored: 0, pending: 0 }),
    close: async () => undefined,
  };
  const cache = createConfigurationCache({ gate, organization, logger: silentLogger });
  const meter = createMeter({
    mode: 'enforce',
    clock: systemClock,
    logger: silentLogger,
    apiKeyId: null,
    pseudonymKey: 'k'.repeat(32),
    defaults: { team: 'support', feature: 'chat', environment: 'test' },
    ports: async () => ({ gate, sink, configuration: cache }),
    ...options,
  });
  let requests = 0;
  const bare = new Anthropic({
    apiKey: 'test',
    maxRetries: 2,
    logLevel: 'off',
    fetch: async () => {
      const answer = answers[Math.min(requests, answers.length - 1)];
      requests += 1;
      return answer?.() ?? answered();
    },
  });
  return { claude: wrapClient(bare, meter.middleware), events, close: () => meter.close() };
}

const FAST_RETRY = { 'retry-after-ms': '1' };
const hasty = (answer: () => Response) => () => {
  const response = answer();
  for (const [name, value] of Object.entries(FAST_RETRY)) response.headers.set(name, value);
  return response;
};

describe('OpenTelemetry, with the SDK’s own tracing on', () => {
  let recorded: ReturnType<typeof recordingMetrics>;
  const spans = () => EXPORTER.getFinishedSpans();
  const measured = (name: string) => recorded.measurements.filter((measurement) => measurement.name === name);

  beforeEach(() => {
    recorded = recordingMetrics();
    EXPORTER.reset();
    context.setGlobalContextManager(asyncContexts());
    metrics.setGlobalMeterProvider(recorded.provider);
    trace.setGlobalTracerProvider(
      new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(EXPORTER)] }),
    );
  });
  afterEach(() => {
    for (const api of [trace, context, metrics]) api.disable();
  });

  it('puts payer, cost and attempt on the span of the call, and the trace on the row', async () => {
    const { claude, events } = rig();
    await claude.messages.create(PARAMS, { attribution: { feature: 'ticket-summary' } });
    const [span] = spans();
    const [event] = events;
    expect(spans()).toHaveLength(1);
    expect(span?.attributes).toMatchObject({
      'tallygate.team': 'support',
      'tallygate.feature': 'ticket-summary',
      'tallygate.attempt_id': event?.eventId,
      'tallygate.cost_usd': Number(event?.lines[0]?.contractedCostNanoUsd) / 1e9,
      'tallygate.basis': 'reported',
    });
    expect(span?.attributes['tallygate.cost_usd']).toBeGreaterThan(0);
    expect(event?.traceId).toBe(span?.spanContext().traceId);
  });

  it('does so for a stream, before the SDK ends its span', async () => {
    const { claude, events } = rig([streamed]);
    await claude.messages.stream(PARAMS).finalMessage();
    expect(spans()[0]?.attributes['tallygate.cost_usd']).toBeGreaterThan(0);
    expect(events[0]?.traceId).toBe(spans()[0]?.spanContext().traceId);
  });

  it('adds up what the tries of one call cost, and names the last of them', async () => {
    const reset = async () => {
      throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } });
    };
    const { claude, events } = rig([reset, hasty(overloaded), answered]);
    await claude.messages.create(PARAMS, { maxRetries: 2 });
    const total = events
      .flatMap((event) => event.lines)
      .reduce((sum, line) => sum + line.contractedCostNanoUsd, 0n);
    expect(events.map((event) => event.status)).toEqual(['unknown', 'error', 'ok']);
    expect(spans()[0]?.attributes).toMatchObject({
      'tallygate.cost_usd': Number(total) / 1e9,
      'tallygate.attempt_id': events[2]?.eventId,
      'tallygate.basis': 'estimated',
    });
  });

  it('counts cache reads and writes as input, and each billed class by itself', async () => {
    const { claude } = rig();
    await claude.messages.create(PARAMS);
    const standard = { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'anthropic' };
    const models = { 'gen_ai.request.model': MODEL, 'gen_ai.response.model': MODEL };
    expect(measured('gen_ai.client.token.usage')).toMatchObject([
      { value: 1370, attributes: { ...standard, ...models, 'gen_ai.token.type': 'input' } },
      { value: 20, attributes: { ...standard, ...models, 'gen_ai.token.type': 'output' } },
    ]);
    const byType = measured('tallygate.tokens').map(({ value, attributes }) => [
      attributes['tallygate.token.type'],
      value,
    ]);
    expect(Object.fromEntries(byType)).toEqual({
      input: 1000,
      output: 20,
      cache_read: 300,
      cache_write_5m: 50,
      cache_write_1h: 20,
    });
  });

  it('measures duration of every attempt with its error, and the first chunk of streams only', async () => {
    const { claude } = rig([hasty(overloaded), streamed]);
    await claude.messages.stream(PARAMS).finalMessage();
    expect(
      measured('gen_ai.client.operation.duration').map(({ attributes }) => attributes['error.type']),
    ).toEqual(['overloaded_error', undefined]);
    expect(measured('gen_ai.client.operation.time_to_first_chunk')).toHaveLength(1);
    expect(measured('tallygate.cost.usd')).toHaveLength(1);
    await rig().claude.messages.create(PARAMS);
    expect(measured('gen_ai.client.operation.time_to_first_chunk')).toHaveLength(1);
  });

  it('asks for the bucket boundaries of the conventions', async () => {
    await rig().claude.messages.create(PARAMS);
    const { boundaries } = recorded;
    expect(boundaries['gen_ai.client.token.usage']).toEqual([
      1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
    ]);
    const seconds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
    expect(boundaries['gen_ai.client.operation.duration']).toEqual(seconds);
    expect(boundaries['gen_ai.client.operation.time_to_first_chunk']).toEqual(seconds);
  });

  it('keeps ids of requests, messages, attempts, calls, traces and users off the metrics', async () => {
    const { claude, events } = rig([answered, streamed, hasty(overloaded)]);
    const attribution = { user: 'u-42', workflow: 'wf-7', tags: { ticket: 't-1' } };
    await claude.messages.create(PARAMS, { attribution });
    await claude.messages.stream(PARAMS, { attribution }).finalMessage();
    await expect(claude.messages.create(PARAMS, { attribution, maxRetries: 0 })).rejects.toThrow();
    const text = JSON.stringify(recorded.measurements);
    expect(recorded.measurements.length).toBeGreaterThan(10);
    for (const event of events) {
      const { eventId, callId, requestId, messageId, traceId, attribution: who } = event;
      for (const id of [
        eventId,
        callId,
        requestId,
        messageId,
        traceId,
        who.userPseudonym,
        'u-42',
        'wf-7',
        't-1',
      ]) {
        if (id !== null) expect(text).not.toContain(id);
      }
    }
    expect(events.map((event) => event.attribution.userPseudonym)).not.toContain(null);
  });

  it('names the payer of a stream that is left early, and writes nothing on its span once that has ended', async () => {
    const complaints: string[] = [];
    const complain = (message: string) => void complaints.push(message);
    const level = { error: complain, warn: complain, info: complain, debug: complain, verbose: complain };
    diag.setLogger(level, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
    const { claude, events, close } = rig([streamed]);
    for await (const _event of await claude.messages.create({ ...PARAMS, stream: true })) break;
    await close();
    diag.disable();
    expect(events).toHaveLength(1);
    expect(spans()[0]?.attributes).toMatchObject({
      'tallygate.team': 'support',
      'tallygate.attempt_id': events[0]?.eventId,
    });
    expect(complaints).toEqual([]);
  });

  it('uses the application’s own span where the SDK does not trace', async () => {
    const { claude, events } = rig();
    const quiet = claude.withOptions({ openTelemetry: false });
    const tracer = trace.getTracer('application');
    await tracer.startActiveSpan('job', async (span) => {
      await quiet.messages.create(PARAMS);
      await quiet.messages.create(PARAMS);
      span.end();
    });
    expect(spans().map((span) => span.name)).toEqual(['job']);
    const [span] = spans();
    expect(events.map((event) => event.traceId)).toEqual(Array(2).fill(span?.spanContext().traceId));
    const costOf = (event: UsageEvent | undefined) => Number(event?.lines[0]?.contractedCostNanoUsd);
    expect(span?.attributes['tallygate.cost_usd']).toBe((costOf(events[0]) + costOf(events[1])) / 1e9);
  });

  it('compares estimates with what the same attempts cost, by payer and model', async () => {
    const { claude, events } = rig([answered, hasty(overloaded), streamed]);
    await claude.messages.create(PARAMS);
    await claude.messages.stream(PARAMS).finalMessage();
    const kinds = (name: string) =>
      measured(name).map(({ value, attributes }) => [attributes['tallygate.estimate.kind'], value]);
    const charged = Number(events[0]?.lines[0]?.contractedCostNanoUsd) / 1e9;
    const [expected, worst, ...rest] = kinds('tallygate.estimate.usd');
    // The attempt that failed cost nothing and is not compared. Until something is learned, the worst case is expected.
    expect(rest.map(([kind]) => kind)).toEqual(['actual', 'expected', 'worst', 'actual']);
    expect(rest[0]).toEqual(['actual', charged]);
    expect(expected?.[1]).toBe(worst?.[1]);
    // The provider says that it read 1,370 tokens of a request of 100 bytes: that is above any worst case of it.
    expect(kinds('tallygate.estimate.attempts')).toEqual([
      ['above_worst', 1],
      ['above_worst', 1],
    ]);
    expect(measured('tallygate.estimate.usd')[0]?.attributes).toMatchObject({
      'tallygate.team': 'support',
      'tallygate.feature': 'chat',
      'gen_ai.request.model': MODEL,
    });
  });

  it('is left alone when switched off', async () => {
    const { claude, events } = rig([answered], { telemetry: 'off' });
    await claude.messages.create(PARAMS);
    expect(spans()).toHaveLength(1);
    expect(Object.keys(spans()[0]?.attributes ?? {}).filter((name) => name.startsWith('tallygate'))).toEqual(
      [],
    );
    expect(recorded.measurements).toEqual([]);
    expect(events[0]?.traceId).toBeNull();
  });

  it('costs no call when the application’s instruments throw', async () => {
    metrics.disable();
    metrics.setGlobalMeterProvider({
      getMeter() {
        throw new RangeError('exporter is full');
      },
    });
    const { claude, events } = rig();
    expect((await claude.messages.create(PARAMS)).id).toBe('msg_1');
    expect(events).toHaveLength(1);
    expect(spans()[0]?.attributes['tallygate.team']).toBe('support');
  });

  it('finds a meter provider that is registered after the first call', async () => {
    metrics.disable();
    const { claude } = rig();
    await claude.messages.create(PARAMS);
    expect(recorded.measurements).toEqual([]);
    metrics.setGlobalMeterProvider(recorded.provider);
    await claude.messages.create(PARAMS);
    expect(measured('gen_ai.client.operation.duration')).toHaveLength(1);
  });
});

const broken = () => {
  throw new RangeError('no such trace');
};
const throwing = {
  metrics: { getMeter: broken },
  createNoopMeter: () => ({}),
  isSpanContextValid: broken,
  span: { spanContext: () => ({}), isRecording: broken },
};

describe('without OpenTelemetry', () => {
  it.each([
    [
      'the package is not installed',
      () => Promise.reject(Object.assign(new Error('no'), { code: 'ERR_MODULE_NOT_FOUND' })),
    ],
    ['it is something else', async () => ({ default: 'not it' })],
    ['there is nothing', async () => null],
    [
      'it throws whatever it is asked',
      async () => ({ ...throwing, trace: { getActiveSpan: () => throwing.span } }),
    ],
  ])('a call is metered as ever when %s', async (_title, loadOpenTelemetry) => {
    const { claude, events } = rig([answered], { loadOpenTelemetry });
    expect((await claude.messages.create(PARAMS)).id).toBe('msg_1');
    expect(events).toMatchObject([{ status: 'ok', traceId: null }]);
  });

  it('a call is metered as ever when the application registered nothing', async () => {
    const { claude, events } = rig();
    await claude.messages.create(PARAMS);
    expect(events).toMatchObject([{ status: 'ok', traceId: null }]);
  });
});

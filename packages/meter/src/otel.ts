/**
 * OpenTelemetry: the one file that knows its names. Attributes of ours on the span that is active during the attempt (the SDK's
 * own, where it traces), the trace's id for the row, and metrics.
 *
 * The GenAI conventions are in development and move; names are written out here, as of August 2026, and taken from nowhere.
 * Metrics carry what has few values: never an id of a request, a call or a user.
 */
import type * as OpenTelemetryApi from '@opentelemetry/api';
import {
  type Backend,
  contractedCostNanoUsd,
  type LadderChange,
  type Logger,
  type TokenUsage,
  totalInputTokens,
  type UsageEvent,
  type UsageLine,
} from '@tallygate/usage';
import { isComparable } from './estimate-compare.ts';
import { outputClass } from './estimate-share.ts';
import { type AttemptTelemetry, NO_TELEMETRY, type Telemetry } from './telemetry.ts';

type Api = typeof OpenTelemetryApi;
type Attributes = OpenTelemetryApi.Attributes;

export interface OpenTelemetryOptions {
  logger: Logger;
  /** Loads `@opentelemetry/api`, an optional peer; rejects where it is not installed. */
  load?: (() => Promise<unknown>) | undefined;
}

/** A bundler that does not find the package leaves an import inside `try` alone. */
async function loadApi(): Promise<unknown> {
  try {
    return await import('@opentelemetry/api');
  } catch {
    return null;
  }
}

/** Never rejects: without the package, or with one that cannot be loaded, it is the telemetry that does nothing. */
export async function openTelemetry({ logger, load = loadApi }: OpenTelemetryOptions): Promise<Telemetry> {
  const api = await load().catch(() => null);
  if (!isApi(api)) return NO_TELEMETRY;
  const metricsOf = createMetrics(api);
  const guarded = createGuard(logger);
  const untraced: AttemptTelemetry = {
    traceId: null,
    ended: (event) => guarded(() => metricsOf().record(event)),
  };
  return {
    begin({ attempt, attribution, changed }): AttemptTelemetry {
      const span = guarded(() => api.trace.getActiveSpan()) ?? null;
      if (span === null) return untraced;
      const context = guarded(() => span.spanContext()) ?? null;
      const isValid = guarded(() => context !== null && api.isSpanContextValid(context));
      const { team, feature } = attribution;
      guarded(() =>
        tag(span, { [OURS.team]: team, [OURS.feature]: feature, [OURS.attemptId]: attempt.attemptId }),
      );
      if (changed !== undefined) guarded(() => tag(span, ladderAttributes(changed.changes)));
      return {
        traceId: isValid ? (context?.traceId ?? null) : null,
        ended(event) {
          guarded(() => tagCharge(span, event));
          untraced.ended(event);
        },
      };
    },
  };
}

function isApi(value: unknown): value is Api {
  return typeof value === 'object' && value !== null && 'trace' in value && 'metrics' in value;
}

/** Samplers, processors and exporters are the application's code: what they throw is theirs to debug, not their callers'. */
function createGuard(logger: Logger) {
  return <Value>(step: () => Value): Value | undefined => {
    try {
      return step();
    } catch (error) {
      logger.debug('telemetry failed', { name: error instanceof Error ? error.name : typeof error });
      return undefined;
    }
  };
}

const OURS = {
  team: 'tallygate.team',
  feature: 'tallygate.feature',
  environment: 'tallygate.environment',
  attemptId: 'tallygate.attempt_id',
  costUsd: 'tallygate.cost_usd',
  basis: 'tallygate.basis',
  tokenType: 'tallygate.token.type',
  estimate: 'tallygate.estimate.kind',
  maxOutputTokens: 'tallygate.max_output_tokens.from',
  ladderSteps: 'tallygate.ladder.steps',
  ladderFrom: 'tallygate.ladder.from',
  ladderTo: 'tallygate.ladder.to',
} as const;

const STANDARD = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  responseModel: 'gen_ai.response.model',
  tokenType: 'gen_ai.token.type',
  errorType: 'error.type',
} as const;

/** What spans call what an import reads from them. */
export const SPAN_NAMES = {
  provider: STANDARD.provider,
  requestModel: STANDARD.requestModel,
  responseModel: STANDARD.responseModel,
  totalInputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cacheReadTokens: 'gen_ai.usage.cache_read.input_tokens',
  cacheWriteTokens: 'gen_ai.usage.cache_creation.input_tokens',
} as const;

const PROVIDERS: Record<Backend, string> = {
  anthropic: 'anthropic',
  bedrock: 'aws.bedrock',
  vertex: 'gcp.vertex_ai',
  // As the SDK's own spans have it: the conventions name no provider for Foundry.
  foundry: 'anthropic',
};

interface SpanCharge {
  costNanoUsd: bigint;
  isEstimated: boolean;
}

/** One span covers all tries of a call, and each may have cost something. */
const charges = new WeakMap<OpenTelemetryApi.Span, SpanCharge>();

function tag(span: OpenTelemetryApi.Span | null, attributes: Attributes): void {
  if (span?.isRecording()) span.setAttributes(attributes);
}

/** Three lists side by side: an attribute holds no list of pairs. */
function ladderAttributes(changes: readonly LadderChange[]): Attributes {
  return {
    [OURS.ladderSteps]: changes.map(({ step }) => step),
    [OURS.ladderFrom]: changes.map(({ from }) => String(from)),
    [OURS.ladderTo]: changes.map(({ to }) => String(to)),
  };
}

function tagCharge(span: OpenTelemetryApi.Span | null, event: UsageEvent): void {
  if (!span?.isRecording()) return;
  const before = charges.get(span) ?? { costNanoUsd: 0n, isEstimated: false };
  const charge = {
    costNanoUsd: before.costNanoUsd + contractedCostNanoUsd(event),
    isEstimated: before.isEstimated || event.basis === 'estimated',
  };
  charges.set(span, charge);
  const basis = charge.isEstimated ? 'estimated' : 'reported';
  tag(span, { [OURS.costUsd]: usdForDisplay(charge.costNanoUsd), [OURS.basis]: basis });
}

/** OpenTelemetry knows no exact decimals. Nothing reads this back: the ledger is the record. */
function usdForDisplay(amountNanoUsd: bigint): number {
  return Number(amountNanoUsd) / 1e9;
}

const DURATION_BUCKETS_S = Array.from({ length: 14 }, (_, power) => 2 ** power / 100);
const TOKEN_BUCKETS = Array.from({ length: 14 }, (_, power) => 4 ** power);

interface Metrics {
  record(event: UsageEvent): void;
}

/** Where nobody collects, nothing is put together for it. */
const NO_METRICS: Metrics = { record() {} };

/** Instruments belong to a provider, and the application may register its own after the first call. */
function createMetrics(api: Api): () => Metrics {
  const noop = Object.getPrototypeOf(api.createNoopMeter()) as object;
  let known: { provider: OpenTelemetryApi.MeterProvider; metrics: Metrics } | null = null;
  return () => {
    const provider = api.metrics.getMeterProvider();
    if (known?.provider !== provider) {
      const meter = provider.getMeter('tallygate');
      known = { provider, metrics: Object.getPrototypeOf(meter) === noop ? NO_METRICS : metricsOf(meter) };
    }
    return known.metrics;
  };
}

function metricsOf(meter: OpenTelemetryApi.Meter): Metrics {
  const instruments = instrumentsOf(meter);
  return {
    record(event) {
      recordTimes(instruments, event);
      // What failed used nothing, and a zero is not reported.
      if (event.status === 'error') return;
      for (const line of event.lines) recordLine(instruments, event, line);
      recordEstimate(instruments, event);
    },
  };
}

type Instruments = ReturnType<typeof instrumentsOf>;

function instrumentsOf(meter: OpenTelemetryApi.Meter) {
  const seconds = { unit: 's', advice: { explicitBucketBoundaries: DURATION_BUCKETS_S } };
  return {
    tokenUsage: meter.createHistogram('gen_ai.client.token.usage', {
      description: 'Input and output tokens of an inference; input includes cache reads and writes.',
      unit: '{token}',
      advice: { explicitBucketBoundaries: TOKEN_BUCKETS },
    }),
    duration: meter.createHistogram('gen_ai.client.operation.duration', {
      ...seconds,
      description: 'Duration of an attempt, to the last byte that was read.',
    }),
    firstChunk: meter.createHistogram('gen_ai.client.operation.time_to_first_chunk', {
      ...seconds,
      description: 'Time to the first chunk of a streamed answer.',
    }),
    // A unit in braces is a note: exporters do not append it to the name once more.
    cost: meter.createCounter('tallygate.cost.usd', {
      description:
        'What calls were charged, at the prices in force. The ledger is exact, this is for charts.',
      unit: '{USD}',
    }),
    estimate: meter.createCounter('tallygate.estimate.usd', {
      description: 'What the same attempts were expected to cost, could have cost at most, and cost.',
      unit: '{USD}',
    }),
    estimated: meter.createCounter('tallygate.estimate.attempts', {
      description: 'Attempts by where their charge lies: as expected, above that, or above the worst case.',
      unit: '{attempt}',
    }),
    tokens: meter.createCounter('tallygate.tokens', {
      description: 'Tokens by the class in which they are billed.',
      unit: '{token}',
    }),
  };
}

function recordTimes({ duration, firstChunk }: Instruments, event: UsageEvent): void {
  const attributes = operationAttributes(event, event.lines[0]);
  const isFailure = event.status !== 'ok' && event.status !== 'refused';
  if (event.latencyMs !== null) {
    duration.record(event.latencyMs / 1000, {
      ...attributes,
      ...(isFailure ? { [STANDARD.errorType]: event.errorCode ?? event.status } : {}),
    });
  }
  if (event.streamed && event.timeToFirstTokenMs !== null)
    firstChunk.record(event.timeToFirstTokenMs / 1000, attributes);
}

/** A compaction, an advisor or a fallback is an inference of its own, on a model of its own. */
function recordLine({ tokenUsage, cost, tokens }: Instruments, event: UsageEvent, line: UsageLine): void {
  const { usage } = line;
  const operation = { ...operationAttributes(event, line), [OURS.basis]: event.basis };
  tokenUsage.record(totalInputTokens(usage), { ...operation, [STANDARD.tokenType]: 'input' });
  tokenUsage.record(usage.outputTokens, { ...operation, [STANDARD.tokenType]: 'output' });
  const payer = { ...operation, ...payerAttributes(event) };
  cost.add(usdForDisplay(line.contractedCostNanoUsd), payer);
  for (const [type, count] of billedClasses(usage)) {
    if (count > 0) tokens.add(count, { ...payer, [OURS.tokenType]: type });
  }
}

/** For the drift of estimates, by payer, requested model and size of max_tokens: what the same attempts were admitted by, and cost. */
function recordEstimate({ estimate, estimated }: Instruments, event: UsageEvent): void {
  if (event.estimate === undefined || event.basis !== 'reported' || !isComparable(event)) return;
  const { expectedNanoUsd, worstNanoUsd, maxOutputTokens } = event.estimate;
  const kind = {
    ...operationAttributes(event, undefined),
    ...payerAttributes(event),
    [OURS.maxOutputTokens]: outputClass(maxOutputTokens),
  };
  const actualNanoUsd = contractedCostNanoUsd(event);
  const add = (name: string, amountNanoUsd: bigint) =>
    estimate.add(usdForDisplay(amountNanoUsd), { ...kind, [OURS.estimate]: name });
  add('expected', expectedNanoUsd);
  add('worst', worstNanoUsd);
  add('actual', actualNanoUsd);
  const place = actualNanoUsd <= expectedNanoUsd ? 'within' : 'above_expected';
  estimated.add(1, { ...kind, [OURS.estimate]: actualNanoUsd > worstNanoUsd ? 'above_worst' : place });
}

function payerAttributes({ attribution: { team, feature, environment } }: UsageEvent): Attributes {
  return { [OURS.team]: team, [OURS.feature]: feature, [OURS.environment]: environment };
}

function operationAttributes(event: UsageEvent, line: UsageLine | undefined): Attributes {
  const attributes: Attributes = {
    [STANDARD.operation]: 'chat',
    [STANDARD.provider]: PROVIDERS[event.backend],
  };
  if (event.requestModel !== '') attributes[STANDARD.requestModel] = event.requestModel;
  const hasAnswered = event.status !== 'error' && event.status !== 'unknown';
  if (hasAnswered && line && line.responseModel !== '')
    attributes[STANDARD.responseModel] = line.responseModel;
  return attributes;
}

function billedClasses(usage: TokenUsage): [type: string, count: number][] {
  return [
    ['input', usage.uncachedInputTokens],
    ['output', usage.outputTokens],
    ['cache_read', usage.cacheReadInputTokens],
    ['cache_write_5m', usage.cacheWrite5mInputTokens],
    ['cache_write_1h', usage.cacheWrite1hInputTokens],
    ['cache_write_unsplit', usage.cacheWriteUnsplitInputTokens],
  ];
}

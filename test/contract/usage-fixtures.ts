import {
  type Clock,
  type DenialRecord,
  type Hold,
  NO_USAGE,
  newAttemptId,
  newCallId,
  newDenialId,
  type SealedSegment,
  type Settlement,
  type TokenUsage,
  type UsageEvent,
  type UsageLine,
} from '@tallygate/usage';
import fc from 'fast-check';

/** Plain facts with room for what a test is about. */
export const START_MS = Date.UTC(2026, 9, 14, 12, 0, 0, 0);

/** A day into the story: the month of START_MS is still open. */
export const fixedClock: Clock = { nowMs: () => START_MS + 86_400_000, monotonicMs: () => performance.now() };

export function usageLine(changes: Partial<UsageLine> = {}): UsageLine {
  return {
    line: 0,
    lineType: 'message',
    responseModel: 'claude-sonnet-4-5',
    usage: { ...NO_USAGE, uncachedInputTokens: 100, outputTokens: 20 },
    serviceTier: 'standard',
    speed: null,
    inferenceGeo: null,
    promptBand: 'standard',
    billed: true,
    listCostNanoUsd: 600_000n,
    contractedCostNanoUsd: 600_000n,
    webSearchCostNanoUsd: 0n,
    roundingPicoUsd: 0,
    priceId: 'sonnet@2025-09-29',
    flags: [],
    ...changes,
  };
}

export function usageEvent(changes: Partial<UsageEvent> = {}): UsageEvent {
  return {
    eventId: newAttemptId(),
    callId: newCallId(),
    attemptNumber: 1,
    organization: 'acme',
    providerOrganizationId: null,
    workspaceId: null,
    apiKeyId: null,
    apiKeyHint: null,
    attribution: {
      team: 'support',
      feature: 'ticket-summary',
      environment: 'production',
      userPseudonym: null,
      workflow: null,
      taskType: null,
      tags: {},
    },
    backend: 'anthropic',
    requestModel: 'claude-sonnet-4-5',
    requestId: null,
    messageId: null,
    traceId: null,
    startedAtMs: START_MS,
    endedAtMs: START_MS + 1_500,
    budgetInstantMs: START_MS,
    status: 'ok',
    httpStatus: 200,
    errorCode: null,
    stopReason: 'end_turn',
    basis: 'reported',
    streamed: false,
    latencyMs: 1_500,
    timeToFirstTokenMs: null,
    configVersion: 1,
    stablePrefixHash: null,
    stablePrefixBytes: null,
    unknownUsage: null,
    lines: [usageLine()],
    ...changes,
  };
}

export function holdFor(event: UsageEvent, key = 'support-month:month:1790812800000'): Hold {
  const amount = { expected: 700_000n, worst: 900_000n };
  return {
    attemptId: event.eventId,
    organization: event.organization,
    epoch: 'e1',
    budgetInstantMs: event.budgetInstantMs,
    expiryBucket: 29_000_000,
    entries: [{ key, ...amount, periodStartMs: START_MS - 1, periodEndMs: START_MS + 1 }],
  };
}

/** Of a call that its budget and the budget's pool hold together, and that a lease is not asked for. */
export function sharedHoldFor(event: UsageEvent): Hold {
  const hold = holdFor(event);
  const [own] = hold.entries;
  if (own === undefined) throw new Error('no entry');
  const pool = { ...own, key: 'spare:month:1790812800000', paysFrom: 600_000n };
  return { ...hold, entries: [{ ...own, paysUpTo: 600_000n }, pool] };
}

export function settlement(changes: Partial<Settlement> = {}): Settlement {
  return {
    attemptId: newAttemptId(),
    organization: 'acme',
    kind: 'settle',
    epoch: 'e1',
    seq: 1,
    budgetInstantMs: START_MS,
    settledAtMs: START_MS + 1_600,
    entries: [{ key: 'support-month:month:1790812800000', amount: 600_000n }],
    ...changes,
  };
}

export function denialRecord(changes: Partial<DenialRecord> = {}): DenialRecord {
  return {
    denialId: newDenialId(),
    attemptId: newAttemptId(),
    organization: 'acme',
    budgetId: 'support-month',
    scope: { team: 'support' },
    unit: 'month',
    timeZone: 'Europe/Berlin',
    periodStartMs: Date.UTC(2026, 8, 30, 22),
    periodEndMs: Date.UTC(2026, 9, 31, 23),
    limit: 500_000_000_000n,
    spent: 498_200_000_000n,
    held: 1_900_000_000n,
    needed: 420_000_000n,
    retryAtMs: Date.UTC(2026, 9, 31, 23),
    atMs: START_MS,
    enforced: true,
    attribution: usageEvent().attribution,
    requestModel: 'claude-sonnet-4-5',
    ...changes,
  };
}

let tokens = 0;

export function segmentOf(events: UsageEvent[], rest: Partial<SealedSegment> = {}): SealedSegment {
  tokens += 1;
  return { token: `test-${process.pid}/${tokens}`, events, settlements: [], denials: [], ...rest };
}

/** Strings that end literals, look like placeholders, or are not ASCII. */
const text = fc.oneof(
  fc.constantFrom(
    "it's",
    'back\\slash',
    'line\nbreak\ttab',
    '{team:String}',
    '"; DROP TABLE x --',
    'Zürich 🧾',
    '\u0000',
  ),
  fc.string({ minLength: 1, maxLength: 12, unit: 'binary' }),
);
const few = (prefix: string) => fc.integer({ min: 0, max: 2 }).map((n) => `${prefix}${n}`);
const tokenCount = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 0, max: 200_000 }),
  fc.integer({ min: 0, max: 2 ** 44 }),
);
const money = fc.oneof(
  fc.bigInt({ min: -1_000_000n, max: 1_000_000_000n }),
  fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, 100_000_000n),
);
const instantMs = fc.integer({ min: START_MS - 86_400_000, max: START_MS + 40 * 86_400_000 });
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });

const usage: fc.Arbitrary<TokenUsage> = fc.record({
  uncachedInputTokens: tokenCount,
  cacheReadInputTokens: tokenCount,
  cacheWrite5mInputTokens: tokenCount,
  cacheWrite1hInputTokens: tokenCount,
  cacheWriteUnsplitInputTokens: tokenCount,
  outputTokens: tokenCount,
  thinkingTokens: orNull(tokenCount),
  webSearchRequests: fc.integer({ min: 0, max: 20 }),
  webFetchRequests: fc.integer({ min: 0, max: 20 }),
});

const line = fc.record({
  lineType: fc.constantFrom('message', 'compaction', 'advisor_message'),
  responseModel: few('model-'),
  usage,
  serviceTier: orNull(fc.constantFrom('standard', 'priority', 'batch')),
  speed: orNull(fc.constant('fast')),
  inferenceGeo: orNull(fc.constant('us')),
  promptBand: fc.constantFrom('standard' as const, 'long' as const),
  billed: fc.boolean(),
  listCostNanoUsd: money,
  contractedCostNanoUsd: money,
  webSearchCostNanoUsd: money,
  roundingPicoUsd: fc.integer({ min: -500, max: 500 }),
  priceId: orNull(text),
  flags: fc.array(fc.constantFrom('unpriced', 'assumed_ttl'), { maxLength: 2 }),
});

const attribution = fc.record({
  team: few('team-'),
  feature: fc.oneof(few('feature-'), text),
  environment: fc.constantFrom('production', 'staging'),
  userPseudonym: orNull(text),
  workflow: orNull(text),
  taskType: orNull(text),
  tags: fc.dictionary(fc.constantFrom('region', 'tier'), text),
});

const outcome = fc.record({
  providerOrganizationId: orNull(text),
  workspaceId: orNull(few('wrkspc_')),
  apiKeyId: orNull(few('apikey_')),
  apiKeyHint: orNull(few('sk-…')),
  backend: fc.constantFrom('anthropic' as const, 'bedrock' as const, 'vertex' as const, 'foundry' as const),
  requestModel: few('model-'),
  requestId: orNull(text),
  messageId: orNull(text),
  traceId: orNull(text),
  startedAtMs: instantMs,
  endedAtMs: instantMs,
  budgetInstantMs: instantMs,
  status: fc.constantFrom('ok', 'error', 'refused', 'aborted', 'unknown') satisfies fc.Arbitrary<
    UsageEvent['status']
  >,
  httpStatus: orNull(fc.integer({ min: 100, max: 599 })),
  errorCode: orNull(text),
  stopReason: orNull(text),
  basis: fc.constantFrom('reported' as const, 'estimated' as const),
  streamed: fc.boolean(),
  latencyMs: orNull(fc.integer({ min: 1, max: 10_000_000 })),
  timeToFirstTokenMs: orNull(fc.integer({ min: 0, max: 60_000 })),
  configVersion: fc.integer({ min: 0, max: 1_000 }),
  stablePrefixHash: orNull(text),
  stablePrefixBytes: orNull(fc.integer({ min: 0, max: 10_000_000 })),
  ladderSteps: fc.option(
    fc.array(
      fc.record({
        step: fc.constant('trim' as const),
        from: fc.constant(9_000),
        to: fc.integer({ min: 1, max: 8_999 }),
      }),
      { minLength: 1, maxLength: 2 },
    ),
    { nil: undefined },
  ),
  estimate: fc.option(
    fc.record({
      expectedNanoUsd: fc.bigInt({ min: 0n, max: 10n ** 12n }),
      worstNanoUsd: fc.bigInt({ min: 0n, max: 10n ** 12n }),
      maxOutputTokens: fc.integer({ min: 0, max: 1_000_000 }),
    }),
    { nil: undefined },
  ),
  unknownUsage: orNull(
    fc.dictionary(fc.constantFrom('a', 'b'), fc.oneof(text, fc.integer(), fc.constant(null))),
  ),
});

/** Any event that the schema admits, with dimensions that repeat, so that groups have several members. */
export const anyEvent: fc.Arbitrary<UsageEvent> = fc
  .tuple(
    outcome,
    attribution,
    fc.array(line, { minLength: 1, maxLength: 3 }),
    fc.integer({ min: 1, max: 3 }),
    few('call-'),
  )
  .map(([facts, who, lines, attemptNumber, callId]) => ({
    eventId: newAttemptId(),
    callId,
    attemptNumber,
    organization: 'acme',
    attribution: who,
    ...facts,
    lines: lines.map((item, index) => ({ line: index, ...item })),
  }));

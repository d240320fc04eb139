import {
  derivedEventId,
  NO_USAGE,
  newAttemptId,
  newCallId,
  type UsageEvent,
  type UsageLine,
} from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldEvents, foldFacts } from './fold.ts';

const MINUTE = Date.UTC(2026, 10, 21, 10, 5);

const anyLine: fc.Arbitrary<UsageLine> = fc
  .record({
    uncachedInputTokens: fc.integer({ min: 0, max: 1_000_000 }),
    outputTokens: fc.integer({ min: 0, max: 100_000 }),
    thinkingTokens: fc.option(fc.integer({ min: 0, max: 500 }), { nil: null }),
    cost: fc.bigInt({ min: 0n, max: 10n ** 12n }),
    roundingPicoUsd: fc.integer({ min: -500, max: 500 }),
    responseModel: fc.constantFrom('opus', 'sonnet'),
  })
  .map(({ uncachedInputTokens, outputTokens, thinkingTokens, cost, ...rest }) => ({
    line: 0,
    lineType: 'message',
    usage: { ...NO_USAGE, uncachedInputTokens, outputTokens, thinkingTokens },
    serviceTier: null,
    speed: null,
    inferenceGeo: null,
    promptBand: 'standard',
    billed: true,
    listCostNanoUsd: cost,
    contractedCostNanoUsd: cost - cost / 10n,
    webSearchCostNanoUsd: 0n,
    priceId: 'p',
    flags: [],
    ...rest,
  }));

const anyEvent: fc.Arbitrary<UsageEvent> = fc
  .record({
    lines: fc.array(anyLine, { minLength: 1, maxLength: 2 }),
    team: fc.constantFrom('support', 'search'),
    second: fc.integer({ min: 0, max: 119 }),
    streamed: fc.boolean(),
  })
  .map(({ lines, team, second, streamed }) => ({
    eventId: newAttemptId(),
    callId: newCallId(),
    attemptNumber: 1,
    organization: 'acme',
    providerOrganizationId: null,
    workspaceId: null,
    apiKeyId: null,
    apiKeyHint: null,
    attribution: {
      team,
      feature: 'f',
      environment: 'e',
      userPseudonym: null,
      workflow: null,
      taskType: null,
      tags: {},
    },
    backend: 'anthropic',
    requestModel: 'opus',
    requestId: newCallId(),
    messageId: null,
    traceId: null,
    startedAtMs: MINUTE + second * 1_000,
    endedAtMs: MINUTE + second * 1_000,
    budgetInstantMs: MINUTE + second * 1_000,
    status: 'ok',
    httpStatus: 200,
    errorCode: null,
    stopReason: 'end_turn',
    basis: 'reported',
    streamed,
    latencyMs: second,
    timeToFirstTokenMs: null,
    configVersion: 1,
    stablePrefixHash: null,
    stablePrefixBytes: null,
    unknownUsage: null,
    lines: lines.map((line, index) => ({ ...line, line: index })),
  }));

/** What reports add up, by what they group by. */
function sums(events: readonly UsageEvent[]): Record<string, bigint[]> {
  const found: Record<string, bigint[]> = {};
  for (const { attribution, streamed, endedAtMs, lines } of events) {
    for (const { usage, responseModel, line, ...money } of lines) {
      const key = [attribution.team, streamed, Math.floor(endedAtMs / 60_000), responseModel, line].join();
      const values = [
        money.listCostNanoUsd,
        money.contractedCostNanoUsd,
        BigInt(money.roundingPicoUsd),
        BigInt(usage.uncachedInputTokens),
        BigInt(usage.outputTokens),
        BigInt(usage.thinkingTokens ?? 0),
      ];
      found[key] = values.map((value, index) => value + (found[key]?.[index] ?? 0n));
    }
  }
  return found;
}

describe('folded outcomes', () => {
  it('have exactly the sums of what they stand for, whatever a report groups by', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
        const rows = foldEvents(events, 's/000001');
        expect(sums(rows)).toEqual(sums(events));
        expect(new Set(rows.map(({ eventId }) => eventId)).size).toBe(rows.length);
        for (const { lines } of rows) {
          for (const { roundingPicoUsd } of lines) expect(Math.abs(roundingPicoUsd)).toBeLessThanOrEqual(500);
        }
      }),
      { numRuns: 200, seed: 20261121 },
    );
  });

  it('are few, say that they are folded, and are the same when the same file is folded again', () => {
    const [event] = fc.sample(anyEvent, { numRuns: 1, seed: 7 });
    if (event === undefined) throw new TypeError('no sample');
    const plain = { ...event, lines: event.lines.map((line) => ({ ...line, roundingPicoUsd: 0 })) };
    const many = Array.from({ length: 500 }, () => ({ ...plain, eventId: newAttemptId() }));
    const rows = foldEvents(many, 's/000001');
    expect(rows).toHaveLength(1);
    expect(rows[0]?.lines[0]?.flags).toEqual(['folded:500']);
    expect(foldEvents(many, 's/000001')).toEqual(rows);
    expect(foldEvents(many, 's/000002')[0]?.eventId).not.toBe(rows[0]?.eventId);
  });

  it('are never those that may be recorded again elsewhere, nor those that somebody still looks for', () => {
    const [event] = fc.sample(anyEvent, { numRuns: 1, seed: 7 });
    if (event === undefined) throw new TypeError('no sample');
    const plain = { ...event, lines: event.lines.map((line) => ({ ...line, roundingPicoUsd: 0 })) };
    const outcome = (eventId: string) => ({
      kind: 'outcome' as const,
      event: { ...plain, eventId },
      hold: null,
    });
    const [batch, looked] = [derivedEventId('batch', 'item'), newAttemptId()];
    const facts = [batch, batch, looked, newAttemptId(), newAttemptId()].map(outcome);
    const left = foldFacts(facts, 's/000001', (eventId) => eventId !== looked);
    const ids = left.flatMap((fact) => (fact.kind === 'outcome' ? [fact.event.eventId] : []));
    expect(ids.slice(1)).toEqual([batch, batch, looked]);
  });
});

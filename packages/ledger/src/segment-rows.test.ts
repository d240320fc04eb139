import { NO_USAGE, type UsageEvent } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DENIAL_COLUMNS } from './rows/denial-row.ts';
import { oldestBudgetInstantMs, segmentTexts } from './segment-rows.ts';
import { factOf, factPayload } from './spool/fact-payload.ts';
import { sealedSegment } from './spool/read-segment.ts';

const SEED = 20_261_121;

/** Texts wherever a row has one, some of them made to look like what is searched for. */
const text = fc.oneof(
  fc.constantFrom(',1,2,3,"ok",', ',1,2,3,', '1,2,3,"ok"', '\\,1,2,3,\\"ok\\",', '\n'),
  fc.string({ minLength: 1, maxLength: 9, unit: 'binary' }),
);
const instantMs = fc.integer({ min: 0, max: 2 ** 40 });

const anyEvent: fc.Arbitrary<UsageEvent> = fc
  .record({
    ...{ eventId: text, requestModel: text, requestId: text, stopReason: fc.option(text), team: text },
    ...{ startedAtMs: instantMs, endedAtMs: instantMs, budgetInstantMs: instantMs },
    status: fc.constantFrom('ok' as const, 'error' as const, 'refused' as const, 'unknown' as const),
    lines: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ team, lines, ...drawn }) => ({
    ...drawn,
    ...{
      callId: team,
      attemptNumber: 3,
      organization: team,
      providerOrganizationId: team,
      workspaceId: null,
    },
    ...{ apiKeyId: team, apiKeyHint: null, backend: 'anthropic', messageId: team, traceId: null },
    attribution: {
      ...{ team, feature: team, environment: team, userPseudonym: null, workflow: team, taskType: null },
      tags: { [team]: team },
    },
    ...{ httpStatus: 200, errorCode: team, basis: 'reported', streamed: true, latencyMs: 1 },
    ...{ timeToFirstTokenMs: 2, configVersion: 3, stablePrefixHash: null, stablePrefixBytes: 4 },
    unknownUsage: { [team]: team },
    lines: Array.from({ length: lines }, (_, line) => ({
      ...{ line, lineType: team, responseModel: team, usage: NO_USAGE, serviceTier: team, speed: null },
      ...{ inferenceGeo: null, promptBand: 'standard' as const, billed: true, listCostNanoUsd: 1n },
      ...{ contractedCostNanoUsd: 2n, webSearchCostNanoUsd: 3n, roundingPicoUsd: 4 },
      ...{ priceId: team, flags: [team] },
    })),
  }));

/** As it is read from a spool: rows that are bytes, and facts that throw when somebody looks at them. */
function spooled(events: readonly UsageEvent[]) {
  const facts = events.map((event) =>
    factOf(Buffer.from(factPayload({ kind: 'outcome', event, hold: null }))),
  );
  return facts.map((fact) => {
    if (fact?.kind !== 'outcome') throw new TypeError('no outcome');
    const decode = (): never => {
      throw new TypeError('a fact was decoded');
    };
    return Object.defineProperty({ ...fact }, 'event', { get: decode });
  });
}

describe('the oldest budget instant of a segment', () => {
  it('is read from the bytes of its rows, whatever texts stand in them', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 5 }), (events) => {
        const oldest = Math.min(...events.map(({ budgetInstantMs }) => budgetInstantMs));
        expect(oldestBudgetInstantMs(sealedSegment('t/1', spooled(events)))).toBe(oldest);
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  it('is that of its facts where it came without rows, and none where it has no event', () => {
    const [event] = fc.sample(anyEvent, { seed: SEED, numRuns: 1 }) as [UsageEvent];
    const events = [
      { ...event, budgetInstantMs: 8 },
      { ...event, budgetInstantMs: 7 },
    ];
    const facts = { token: 't/1', settlements: [], denials: [] };
    expect(oldestBudgetInstantMs({ ...facts, events })).toBe(7);
    expect(oldestBudgetInstantMs({ ...facts, events: [] })).toBe(Number.POSITIVE_INFINITY);
    expect(oldestBudgetInstantMs(sealedSegment('t/1', []))).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('the text of an insert', () => {
  it('names no more columns than its rows have: an earlier version wrote fewer', () => {
    const payloadOf = (cells: number) =>
      `denial 2\n${JSON.stringify(Array.from({ length: cells }, (_, n) => `c${n}`))}\n`;
    const namesIn = (cells: number) => {
      const fact = factOf(Buffer.from(payloadOf(cells)));
      const [names = ''] =
        segmentTexts(sealedSegment('t/1', fact === null ? [] : [fact]))
          .denials?.toString()
          .split('\n') ?? [];
      return JSON.parse(names) as string[];
    };
    const before = DENIAL_COLUMNS.length - 4;
    expect(namesIn(before)).toEqual(DENIAL_COLUMNS.slice(0, before));
    expect(namesIn(DENIAL_COLUMNS.length)).toEqual(DENIAL_COLUMNS);
  });
});

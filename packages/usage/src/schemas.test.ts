import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { configurationSnapshotSchema, emptyConfiguration } from './configuration.ts';
import { reserveReplySchema, reserveRequestSchema, settleReplySchema } from './gate-port.ts';
import { spendRowSchema } from './history-port.ts';
import { denialRecordSchema, holdSchema } from './hold.ts';
import { PERIOD_UNITS } from './period.ts';
import { settlementSchema } from './settlement.ts';
import { NO_USAGE, type TokenUsage, tokenUsageSchema, totalInputTokens } from './token-usage.ts';
import { contractedCostNanoUsd, type UsageEvent, usageEventSchema } from './usage-event.ts';
import { toWireJson } from './wire.ts';

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
/** Every amount, with the edges of Int64 and of the floats far more often than chance would bring them. */
const nanoUsd = fc.oneof(
  fc.bigInt(INT64),
  fc.constantFrom(INT64.min, INT64.max, 0n, -1n, 2n ** 53n + 1n, -(2n ** 53n) - 1n),
);
const count = fc.oneof(fc.nat(), fc.constantFrom(0, Number.MAX_SAFE_INTEGER));
const instantMs = fc.nat({ max: 8.64e15 });
const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 });
const nameOrNull = fc.option(name);
const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
/** `__proto__` is no name of a tag: JSON can carry it, plain objects cannot. */
const recordOf = <T>(values: fc.Arbitrary<T>) =>
  fc.dictionary(
    name.filter((key) => key !== '__proto__'),
    values,
    { noNullPrototype: true, maxKeys: 3 },
  );

/** Plain objects, as the wire makes them. */
const rowOf = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record<T>(model, { noNullPrototype: true });

const attribution = rowOf({
  team: name,
  feature: name,
  environment: name,
  userPseudonym: nameOrNull,
  workflow: nameOrNull,
  taskType: nameOrNull,
  tags: recordOf(fc.string()),
});

const tokenUsage: fc.Arbitrary<TokenUsage> = rowOf({
  uncachedInputTokens: count,
  cacheReadInputTokens: count,
  cacheWrite5mInputTokens: count,
  cacheWrite1hInputTokens: count,
  cacheWriteUnsplitInputTokens: count,
  outputTokens: count,
  thinkingTokens: fc.option(count),
  webSearchRequests: count,
  webFetchRequests: count,
});

const usageLine = rowOf({
  line: fc.nat(),
  lineType: name,
  responseModel: fc.string(),
  usage: tokenUsage,
  serviceTier: nameOrNull,
  speed: nameOrNull,
  inferenceGeo: nameOrNull,
  promptBand: fc.constantFrom('standard' as const, 'long' as const),
  billed: fc.boolean(),
  listCostNanoUsd: nanoUsd,
  contractedCostNanoUsd: nanoUsd,
  webSearchCostNanoUsd: nanoUsd,
  roundingPicoUsd: fc.integer({ min: -500, max: 500 }).map((value) => value + 0),
  priceId: nameOrNull,
  flags: fc.array(fc.string(), { maxLength: 3 }),
});

const usageEvent: fc.Arbitrary<UsageEvent> = rowOf({
  eventId: name,
  callId: name,
  attemptNumber: fc.integer({ min: 1 }),
  organization: name,
  providerOrganizationId: nameOrNull,
  workspaceId: nameOrNull,
  apiKeyId: nameOrNull,
  apiKeyHint: nameOrNull,
  attribution,
  backend: fc.constantFrom(...usageEventSchema.shape.backend.options),
  requestModel: fc.string(),
  requestId: nameOrNull,
  messageId: nameOrNull,
  traceId: nameOrNull,
  startedAtMs: instantMs,
  endedAtMs: instantMs,
  budgetInstantMs: instantMs,
  status: fc.constantFrom(...usageEventSchema.shape.status.options),
  httpStatus: fc.option(fc.integer({ min: 100, max: 599 })),
  errorCode: nameOrNull,
  stopReason: nameOrNull,
  basis: fc.constantFrom('reported' as const, 'estimated' as const),
  streamed: fc.boolean(),
  latencyMs: fc.double({ min: 0, max: 1e12, noNaN: true }).map((value) => value + 0),
  timeToFirstTokenMs: fc.option(fc.nat()),
  configVersion: fc.nat(),
  stablePrefixHash: nameOrNull,
  stablePrefixBytes: fc.option(fc.nat()),
  ladderSteps: fc.array(
    rowOf({ step: fc.constantFrom('downgrade', 'standard-speed'), from: name, to: name }),
  ),
  estimate: rowOf({ expectedNanoUsd: nanoUsd, worstNanoUsd: nanoUsd, maxOutputTokens: fc.nat() }),
  unknownUsage: fc.option(recordOf(json)),
  lines: fc.array(usageLine, { minLength: 1, maxLength: 3 }),
});

const holdEntry = rowOf({
  key: name,
  expected: nanoUsd,
  worst: nanoUsd,
  periodStartMs: instantMs,
  periodEndMs: instantMs,
});
const hold = rowOf({
  attemptId: name,
  organization: name,
  epoch: name,
  budgetInstantMs: instantMs,
  expiryBucket: fc.nat(),
  entries: fc.array(holdEntry, { maxLength: 3 }),
});
const settlement = rowOf({
  attemptId: name,
  organization: name,
  kind: fc.constantFrom(...settlementSchema.shape.kind.options),
  epoch: name,
  seq: fc.integer({ min: 1 }),
  budgetInstantMs: instantMs,
  settledAtMs: instantMs,
  entries: fc.array(rowOf({ key: name, amount: nanoUsd }), { maxLength: 3 }),
});
const denialRecord = rowOf({
  denialId: name,
  attemptId: name,
  budgetId: name,
  scope: fc.record({ team: name, feature: name }, { requiredKeys: [], noNullPrototype: true }),
  unit: fc.constantFrom(...PERIOD_UNITS, 'rolling-90m' as const),
  timeZone: fc.constantFrom('UTC', 'Europe/Berlin'),
  periodStartMs: instantMs,
  periodEndMs: instantMs,
  limit: nanoUsd,
  spent: nanoUsd,
  held: nanoUsd,
  needed: nanoUsd,
  retryAtMs: instantMs,
  atMs: instantMs,
  enforced: fc.boolean(),
  organization: name,
  attribution,
  requestModel: fc.string(),
});

/** What goes out through `toWireJson` and comes back through the schema is the same value, to the last bit. */
function survivesTheWire<T>(schema: z.ZodType<T>, values: fc.Arbitrary<T>, numRuns = 200): void {
  const holds: (property: fc.IProperty<[T]>, parameters: fc.Parameters<[T]>) => void = fc.assert;
  const roundTrip = fc.property(values, (value) => {
    const text = toWireJson(value);
    expect(schema.parse(JSON.parse(text))).toStrictEqual(value);
    expect(toWireJson(schema.encode(value))).toBe(toWireJson(schema.encode(schema.parse(JSON.parse(text)))));
  });
  holds(roundTrip, { seed: 20261121, numRuns });
}

describe('every row survives the wire', () => {
  it('usage events, whatever their amounts, names and unknown fields', () => {
    survivesTheWire(usageEventSchema, usageEvent, 300);
  });

  it('holds', () => {
    survivesTheWire(holdSchema, hold);
  });

  it('settlements', () => {
    survivesTheWire(settlementSchema, settlement);
  });

  it('denials', () => {
    survivesTheWire(denialRecordSchema, denialRecord);
  });

  it('writes money as a decimal string, never as a JSON number', () => {
    expect(toWireJson({ amountNanoUsd: 2n ** 53n + 1n })).toBe('{"amountNanoUsd":"9007199254740993"}');
  });
});

describe('what a schema refuses', () => {
  const [event] = fc.sample(usageEvent, { seed: 1, numRuns: 1 });
  const wire = () => JSON.parse(toWireJson(event)) as Record<string, unknown>;
  const line = () => (wire()['lines'] as Record<string, unknown>[])[0];

  it.each([
    ['an event without a line: it would be usage without a price', { lines: [] }],
    ['a negative count', { lines: [{ ...line(), usage: { ...NO_USAGE, outputTokens: -1 } }] }],
    ['half a token', { lines: [{ ...line(), usage: { ...NO_USAGE, outputTokens: 0.5 } }] }],
    [
      'a count that a float cannot hold',
      { lines: [{ ...line(), usage: { ...NO_USAGE, outputTokens: 2 ** 53 } }] },
    ],
    ['money as a number', { lines: [{ ...line(), listCostNanoUsd: 1 }] }],
    [
      'a rounding of more than a nano, which no correction has',
      { lines: [{ ...line(), roundingPicoUsd: 1_001 }] },
    ],
    ['a status nobody defined', { status: 'fine' }],
    ['an instant between milliseconds', { startedAtMs: 0.5 }],
    ['an attempt before the first', { attemptNumber: 0 }],
  ])('%s', (_title, change) => {
    expect(usageEventSchema.safeParse(wire()).success).toBe(true);
    expect(usageEventSchema.safeParse({ ...wire(), ...change }).success).toBe(false);
  });

  it('an event of a version that did not look at the stable prefix is read, and says that nobody looked', () => {
    const { stablePrefixHash: _hash, stablePrefixBytes: _bytes, ...older } = wire();
    const read = usageEventSchema.parse(older);
    expect(read).toMatchObject({ stablePrefixHash: null, stablePrefixBytes: null });
    expect(usageEventSchema.safeParse({ ...wire(), stablePrefixBytes: -1 }).success).toBe(false);
  });

  it('a missing amount: an error is never a zero', () => {
    const { contractedCostNanoUsd: _missing, ...rest } = line() ?? {};
    expect(usageEventSchema.safeParse({ ...wire(), lines: [rest] }).success).toBe(false);
    expect(spendRowSchema.safeParse({ group: {}, calls: 0 }).success).toBe(false);
  });

  it('a hold that would live no time at all', () => {
    const request = {
      attemptId: 'a',
      attribution: fc.sample(attribution, { seed: 1, numRuns: 1 })[0],
      models: [],
      expectedNanoUsd: '1',
      worstNanoUsd: '2',
      configVersion: 0,
      enforce: true,
    };
    expect(reserveRequestSchema.safeParse({ ...request, ttlMs: 1 }).success).toBe(true);
    expect(reserveRequestSchema.safeParse({ ...request, ttlMs: 0 }).success).toBe(false);
  });

  it('a reply of a kind it does not know', () => {
    expect(reserveReplySchema.safeParse({ kind: 'outdated', version: 3 }).success).toBe(true);
    expect(reserveReplySchema.safeParse({ kind: 'maybe' }).success).toBe(false);
    expect(settleReplySchema.safeParse({ outcome: 'lost', settlement: {} }).success).toBe(false);
  });
});

describe('sums over an event', () => {
  it('its charge is the sum of its lines, exact beyond what floats hold', () => {
    const [event] = fc.sample(usageEvent, { seed: 2, numRuns: 1 });
    const [line] = event?.lines ?? [];
    if (!event || !line) throw new Error('the generator made no event');
    const lines = [2n ** 53n, 1n, -3n].map((amount) => ({ ...line, contractedCostNanoUsd: amount }));
    expect(contractedCostNanoUsd({ ...event, lines })).toBe(2n ** 53n - 2n);
  });

  it('its input is everything the model read, each token once', () => {
    const usage = { ...NO_USAGE, outputTokens: 1_000, thinkingTokens: 500, webSearchRequests: 7 };
    const inputs = {
      uncachedInputTokens: 1,
      cacheReadInputTokens: 10,
      cacheWrite5mInputTokens: 100,
      cacheWrite1hInputTokens: 1_000,
      cacheWriteUnsplitInputTokens: 10_000,
    };
    expect(totalInputTokens({ ...usage, ...inputs })).toBe(11_111);
    expect(totalInputTokens(NO_USAGE)).toBe(0);
    expect(tokenUsageSchema.parse(NO_USAGE)).toEqual(NO_USAGE);
    expect(Object.isFrozen(NO_USAGE)).toBe(true);
  });
});

describe('a configuration', () => {
  it('that nobody has published is valid, has version 0 and denies nothing', () => {
    const empty = emptyConfiguration('acme');
    expect(configurationSnapshotSchema.parse(empty)).toEqual(empty);
    expect(empty).toMatchObject({
      version: 0,
      organization: 'acme',
      budgets: [],
      unknownTeams: 'unassigned',
    });
  });

  it.each([
    ['a version below zero', { version: -1 }],
    ['no organization', { organization: '' }],
    ['an unpriced policy that would charge nothing', { unpricedModels: 'free' }],
  ])('with %s is refused', (_title, change) => {
    expect(configurationSnapshotSchema.safeParse({ ...emptyConfiguration('acme'), ...change }).success).toBe(
      false,
    );
  });
});

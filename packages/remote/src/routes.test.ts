import {
  type AlertOutbox,
  type BatchOwners,
  type BudgetGate,
  type ReportVersions,
  type SegmentDestination,
  type SpendHistory,
  toWireJson,
} from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { ROUTES } from './routes.ts';

const INT64_MAX = 2n ** 63n - 1n;
const SEED = 20261121;

/** Any value that the schema can decode to, found by walking the schema itself: a field added later is covered at once. */
function anyOf(schema: z.core.$ZodType): fc.Arbitrary<unknown> {
  const def = (schema as z.ZodType).def as z.core.$ZodTypes['_zod']['def'];
  switch (def.type) {
    case 'object':
      return objectOf(def.shape);
    case 'array':
      return fc.array(anyOf(def.element), { minLength: 1, maxLength: 2 });
    case 'nullable':
      return fc.option(anyOf(def.innerType), { nil: null });
    case 'default':
      return anyOf(def.innerType);
    case 'union':
      return fc.oneof(...def.options.map(anyOf));
    case 'literal':
      return fc.constantFrom(...def.values);
    case 'enum':
      return fc.constantFrom(...Object.values(def.entries));
    case 'record':
      return recordOf(def.keyType, def.valueType);
    case 'pipe':
      return fc.bigInt({ min: -INT64_MAX, max: INT64_MAX });
    case 'boolean':
      return fc.boolean();
    case 'custom':
      // There is one: it would refuse another's.
      return fc.integer({ min: 1, max: 129_600 }).map((minutes) => `rolling-${minutes}m`);
    case 'unknown':
      return fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)));
    case 'string':
      return stringOf(schema as z.ZodString);
    case 'number':
      return numberOf(schema as z.ZodNumber);
    default:
      throw new Error(`The test cannot make a value of a schema of type "${def.type}".`);
  }
}

function objectOf(shape: Readonly<Record<string, z.core.$ZodType>>): fc.Arbitrary<unknown> {
  const fields = Object.entries(shape).map(([name, schema]) => {
    const def = (schema as z.ZodType).def as z.core.$ZodTypes['_zod']['def'];
    return {
      name,
      optional: def.type === 'optional',
      value: anyOf(def.type === 'optional' ? def.innerType : schema),
    };
  });
  const requiredKeys = fields.filter((field) => !field.optional).map((field) => field.name);
  return fc.record(Object.fromEntries(fields.map(({ name, value }) => [name, value])), {
    requiredKeys,
    noNullPrototype: true,
  });
}

function recordOf(key: z.core.$ZodType, value: z.core.$ZodType): fc.Arbitrary<unknown> {
  return fc.dictionary(anyOf(key) as fc.Arbitrary<string>, anyOf(value), {
    maxKeys: 3,
    noNullPrototype: true,
  });
}

/** Text that JSON must escape, where the schema allows any; else a name that fits its pattern. */
function stringOf(schema: z.ZodString): fc.Arbitrary<string> {
  const name = fc.nat().map((number) => `n${number}`);
  const hostile = fc.constantFrom('"', '\\', '\u2028', 'ü👍', '\n', '12345678901234567890', '<b>');
  const zone = fc.constantFrom('UTC', 'Europe/Berlin');
  if (schema.safeParse('"').success) return fc.oneof(name, hostile);
  if (schema.safeParse('n1').success) return name;
  const patterned = ['c0ffee'.padEnd(64, '0'), '0.5'].filter((text) => schema.safeParse(text).success);
  return patterned.length > 0 ? fc.constantFrom(...patterned) : zone;
}

function numberOf(schema: z.ZodNumber): fc.Arbitrary<number> {
  const min = Math.max(schema.minValue ?? Number.MIN_SAFE_INTEGER, Number.MIN_SAFE_INTEGER);
  const max = Math.min(schema.maxValue ?? Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  return fc.integer({ min: min === -Infinity ? Number.MIN_SAFE_INTEGER : min, max });
}

const overTheWire = (schema: z.ZodType, value: unknown) =>
  schema.decode(JSON.parse(toWireJson(schema.encode(value))));

describe.each(Object.entries(ROUTES))('route %s', (_name, { request, reply }) => {
  it.each([
    ['request', request],
    ['reply', reply],
  ] as const)('its %s comes out of the wire as it went in, every nested bigint included', (_side, schema) => {
    fc.assert(
      fc.property(anyOf(schema), (value) => {
        expect(overTheWire(schema, value)).toEqual(value);
      }),
      { seed: SEED, numRuns: 25, endOnFailure: true },
    );
  });
});

/** Exhaustive by type: a method that a port gains does not compile here until somebody says which route carries it. */
const METHODS: Record<
  | Exclude<keyof BudgetGate, 'close' | 'outbox'>
  | `outbox ${keyof AlertOutbox}`
  | keyof SegmentDestination
  | Exclude<keyof SpendHistory, 'reportVersions'>
  | `report versions ${keyof ReportVersions}`
  | `batch owners ${keyof BatchOwners}`,
  keyof typeof ROUTES
> = {
  reserve: 'reserve',
  settle: 'settle',
  release: 'release',
  extend: 'extend',
  nowMs: 'gateNow',
  balances: 'balances',
  configuration: 'configuration',
  publish: 'publish',
  rebuild: 'rebuildGate',
  'outbox take': 'takeAlerts',
  'outbox put': 'putAlerts',
  'outbox remove': 'removeAlerts',
  'outbox waiting': 'waitingAlerts',
  store: 'store',
  spend: 'spend',
  usage: 'usage',
  counts: 'counts',
  unknownUsage: 'unknownUsage',
  estimates: 'estimates',
  settledTotals: 'settledTotals',
  settlementGaps: 'settlementGaps',
  usagePage: 'usagePage',
  knownEvents: 'knownEvents',
  lastReports: 'lastReports',
  saveReport: 'saveReport',
  lastConfigVersion: 'lastConfigVersion',
  denial: 'denial',
  configVersion: 'configVersion',
  saveConfigVersion: 'saveConfigVersion',
  recordAlert: 'recordAlert',
  endAlert: 'endAlert',
  sentAlerts: 'sentAlerts',
  'report versions append': 'appendReport',
  'report versions newest': 'newestReport',
  'report versions list': 'listReports',
  'report versions read': 'readReport',
  appendFinanceRecord: 'appendFinanceRecord',
  financeRecords: 'financeRecords',
  'batch owners put': 'putBatch',
  'batch owners get': 'getBatch',
  'batch owners markEnded': 'markBatchEnded',
  'batch owners countedItems': 'countedItems',
  'batch owners markItemsCounted': 'markItemsCounted',
};

describe('the table of routes', () => {
  it('has one route for every method of the ports, and no other', () => {
    expect(Object.values(METHODS).sort()).toEqual(Object.keys(ROUTES).sort());
  });

  it('gives every route a path of its own under /v1/', () => {
    const paths = Object.values(ROUTES).map((route) => route.path);
    expect(new Set(paths).size).toBe(paths.length);
    for (const path of paths) expect(path).toMatch(/^\/v1\/(gate|ledger|batches)\/[a-z-]+$/);
  });

  it('names the side whose outage a silent route is', () => {
    for (const { path, side } of Object.values(ROUTES)) expect(path.startsWith(`/v1/${side}/`)).toBe(true);
  });
});

import {
  builtinPriceBook,
  builtinPriceBookDocument,
  charge,
  type PriceBook,
  type PriceBookDocument,
  parsePriceBook,
} from '@tallygate/pricing';
import { NO_USAGE, newAttemptId, type UsageEvent, type UsageLine, usageEventSchema } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rerateEvent } from './correct-line.ts';

const SEED = 20_261_121;
const AT_MS = Date.UTC(2026, 9, 14, 12);
const MODELS = ['claude-sonnet-4-5', 'claude-haiku-4-5', 'a-model-nobody-prices'];

/** The built-in book with every rate times a factor. */
function bookTimes(factor: number): PriceBook {
  const document = structuredClone(builtinPriceBookDocument) as unknown as Record<string, unknown>;
  const scaled = JSON.parse(JSON.stringify(document), (key, value) =>
    typeof value === 'string' && RATES.has(key) ? timesText(value, factor) : value,
  );
  return parsePriceBook(scaled as PriceBookDocument);
}

const RATES = new Set(['input', 'cacheRead', 'cacheWrite5m', 'cacheWrite1h', 'output']);

/** And 200 pico-USD a token more, so that nothing comes out in whole nano-USD. */
function timesText(text: string, factor: number): string {
  const [whole = '0', fraction = ''] = text.split('.');
  const pico = BigInt(whole + fraction.padEnd(6, '0')) * BigInt(factor) + 200n;
  const digits = pico.toString().padStart(7, '0');
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

interface Used {
  model: string;
  input: number;
  cacheRead: number;
  cacheWrite: number;
  output: number;
  searches: number;
  tier: string | null;
  billed: boolean;
}

const used: fc.Arbitrary<Used> = fc.record({
  model: fc.constantFrom(...MODELS),
  input: fc.integer({ min: 0, max: 300_000 }),
  cacheRead: fc.integer({ min: 0, max: 90_001 }),
  cacheWrite: fc.integer({ min: 0, max: 9_001 }),
  output: fc.integer({ min: 0, max: 9_001 }),
  searches: fc.integer({ min: 0, max: 3 }),
  tier: fc.constantFrom(null, 'standard', 'batch'),
  billed: fc.boolean(),
});

function lineOf(what: Used, line: number, book: PriceBook): UsageLine {
  const usage = {
    ...NO_USAGE,
    uncachedInputTokens: what.input,
    cacheReadInputTokens: what.cacheRead,
    cacheWriteUnsplitInputTokens: what.cacheWrite,
    outputTokens: what.output,
    webSearchRequests: what.searches,
  };
  const asked = { usage, serviceTier: what.tier, speed: null, inferenceGeo: null, billed: what.billed };
  const {
    listCostPicoUsd: _exact,
    contractId: _none,
    ...charged
  } = charge(book, {
    ...asked,
    model: what.model,
    backend: 'anthropic',
    atMs: AT_MS,
    unpricedModels: 'dearest',
  });
  return { line, lineType: 'message', responseModel: what.model, ...asked, ...charged };
}

function eventOf(lines: UsageLine[]): UsageEvent {
  const eventId = newAttemptId();
  return usageEventSchema.decode({
    ...{ eventId, callId: eventId, attemptNumber: 1, organization: 'acme', providerOrganizationId: null },
    ...{ workspaceId: null, apiKeyId: null, apiKeyHint: null, backend: 'anthropic', requestModel: 'm' },
    attribution: {
      ...{ team: 'support', feature: 'f', environment: 'e', userPseudonym: null },
      ...{ workflow: null, taskType: null, tags: {} },
    },
    ...{ requestId: null, messageId: null, traceId: null, startedAtMs: AT_MS, endedAtMs: AT_MS },
    ...{ budgetInstantMs: AT_MS, status: 'ok', httpStatus: 200, errorCode: null, stopReason: null },
    ...{ basis: 'reported', streamed: false, latencyMs: 1, timeToFirstTokenMs: null, configVersion: 1 },
    unknownUsage: null,
    lines: lines.map((line) => ({
      ...line,
      listCostNanoUsd: String(line.listCostNanoUsd),
      contractedCostNanoUsd: String(line.contractedCostNanoUsd),
      webSearchCostNanoUsd: String(line.webSearchCostNanoUsd),
    })),
  });
}

/** As the ledger holds it after --apply. */
function applied(event: UsageEvent, book: PriceBook): UsageEvent {
  const corrections = rerateEvent(event, book, 'dearest').flatMap(({ correction }) => correction ?? []);
  return { ...event, lines: [...event.lines, ...corrections] };
}

function sums({ lines }: UsageEvent) {
  const exactPicoUsd = (line: UsageLine) => line.listCostNanoUsd * 1_000n + BigInt(line.roundingPicoUsd);
  return {
    exactPicoUsd: lines.reduce((sum, line) => sum + exactPicoUsd(line), 0n),
    listNanoUsd: lines.reduce((sum, line) => sum + line.listCostNanoUsd, 0n),
    contractedNanoUsd: lines.reduce((sum, line) => sum + line.contractedCostNanoUsd, 0n),
    searchNanoUsd: lines.reduce((sum, line) => sum + line.webSearchCostNanoUsd, 0n),
    outputTokens: lines.reduce((sum, line) => sum + line.usage.outputTokens, 0),
  };
}

describe('re-rating', () => {
  it('leaves usage at what the prices in force would have charged, to the pico, however often they change', () => {
    const books = [1, 2, 3, 7].map(bookTimes);
    const book = fc.constantFrom(...books);
    fc.assert(
      fc.property(
        fc.array(used, { minLength: 1, maxLength: 4 }),
        book,
        fc.array(book, { minLength: 1, maxLength: 4 }),
        (calls, charged, changes) => {
          const recorded = eventOf(calls.map((call, index) => lineOf(call, index, charged)));
          const last = changes.at(-1) as PriceBook;
          const fresh = eventOf(calls.map((call, index) => lineOf(call, index, last)));
          const after = changes.reduce(applied, recorded);
          expect(sums(after)).toEqual(sums(fresh));
          expect(applied(after, last).lines).toEqual(after.lines);
          const identities = after.lines.map(({ line }) => line);
          expect(new Set(identities).size).toBe(identities.length);
        },
      ),
      { seed: SEED, numRuns: 150 },
    );
  });

  it('names the price before and after, and repeats no token', () => {
    const [outcome] = rerateEvent(eventOf([lineOf(CALL, 0, builtinPriceBook)]), bookTimes(2), 'dearest');
    expect(outcome?.correction).toMatchObject({
      line: 1_000,
      lineType: 'message',
      usage: NO_USAGE,
      listCostNanoUsd: 3_000_200n,
      flags: ['correction', expect.stringMatching(/^was:/)],
    });
  });

  it('made twice of the same rows is the same row', () => {
    const event = eventOf([lineOf(CALL, 0, builtinPriceBook)]);
    const book = bookTimes(3);
    expect(rerateEvent(event, book, 'dearest')).toEqual(rerateEvent(event, book, 'dearest'));
  });

  it.each([
    ['stands for several attempts', 'folded:12', 'claude-sonnet-4-5', 'folded'],
    ['brought its own price and has none in the book', 'imported_price', MODELS[2], 'imported_price'],
  ])('leaves alone what %s', (_what, flag, model, reason) => {
    const line = { ...lineOf({ ...CALL, model: model as string }, 0, builtinPriceBook), flags: [flag] };
    const [outcome] = rerateEvent(eventOf([line]), bookTimes(2), 'dearest');
    expect(outcome).toMatchObject({ correction: null, leftAlone: reason });
    expect(outcome?.after).toEqual(outcome?.before);
  });
});

const CALL: Used = {
  model: 'claude-sonnet-4-5',
  input: 1_000,
  cacheRead: 0,
  cacheWrite: 0,
  output: 0,
  searches: 0,
  tier: null,
  billed: true,
};

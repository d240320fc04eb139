/** For tests: usage as it was charged by some book, and books that differ. */
import {
  builtinPriceBookDocument,
  charge,
  type PriceBook,
  type PriceBookDocument,
  parsePriceBook,
} from '@tallygate/pricing';
import { NO_USAGE, newAttemptId, type UsageEvent, type UsageLine, usageEventSchema } from '@tallygate/usage';

export const AT_MS = Date.UTC(2026, 9, 14, 12);
export const MODELS = ['claude-sonnet-4-5', 'claude-haiku-4-5', 'a-model-nobody-prices'];

/** The built-in book with every rate times a factor. */
export function bookTimes(factor: number): PriceBook {
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

export interface Used {
  model: string;
  input: number;
  cacheRead: number;
  cacheWrite: number;
  output: number;
  searches: number;
  tier: string | null;
  billed: boolean;
}

/** A call of which a test changes what it is about. */
export const CALL: Used = {
  model: 'claude-sonnet-4-5',
  input: 1_000,
  cacheRead: 0,
  cacheWrite: 0,
  output: 0,
  searches: 0,
  tier: null,
  billed: true,
};

export function lineOf(what: Used, line: number, book: PriceBook): UsageLine {
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

export function eventOf(lines: UsageLine[], team = 'support'): UsageEvent {
  const eventId = newAttemptId();
  return usageEventSchema.decode({
    ...{ eventId, callId: eventId, attemptNumber: 1, organization: 'acme', providerOrganizationId: null },
    ...{ workspaceId: null, apiKeyId: null, apiKeyHint: null, backend: 'anthropic', requestModel: 'm' },
    attribution: {
      ...{ team, feature: 'f', environment: 'e', userPseudonym: null },
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

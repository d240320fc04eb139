/** Recorded requests, estimated by a real meter before it reads their recorded answers. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { APIRequest, MiddlewareContext } from '@anthropic-ai/sdk';
import { createMemoryGate } from '@tallygate/gate';
import { createConfigurationCache, createMeter } from '@tallygate/meter';
import {
  type CallIntent,
  contractedCostNanoUsd,
  silentLogger,
  systemClock,
  totalInputTokens,
  type UsageEvent,
} from '@tallygate/usage';
import { z } from 'zod';

const FOLDER = new URL('../../../shared/recordings/', import.meta.url);
export const hasRecordings = existsSync(FOLDER);

const exchangeSchema = z.object({
  id: z.string(),
  path: z.string(),
  request: z.record(z.string(), z.unknown()).nullable(),
  status: z.number(),
  body_kind: z.enum(['json', 'sse']),
  body: z.string(),
  flags: z.array(z.string()).default([]),
});
type Exchange = z.output<typeof exchangeSchema>;

export interface Estimated {
  id: string;
  model: string;
  promptTokens: number;
  /** As the provider told it of the first pass; null where it tells only the sum of several. */
  countedTokens: number | null;
  expectedNanoUsd: bigint;
  worstNanoUsd: bigint;
  chargedNanoUsd: bigint;
}

/** What people wrote by hand was counted by nobody. */
function recordedExchanges(): Exchange[] {
  return readdirSync(FOLDER)
    .filter((file) => /^(?!truth|derived).*\.jsonl$/.test(file))
    .flatMap((file) => readFileSync(new URL(file, FOLDER), 'utf8').split('\n').filter(Boolean))
    .map((line) => exchangeSchema.parse(JSON.parse(line)))
    .filter(
      ({ path, request, status, flags }) =>
        request !== null &&
        status < 400 &&
        !path.includes('count_tokens') &&
        !flags.includes('hand_written') &&
        !flags.includes('unusual_message_id'),
    );
}

/** Strings that the recordings leave out, put back by their length, as plain letters. */
function restored(value: unknown): unknown {
  if (typeof value === 'string')
    return value.replace(/<elided (\d+) chars>/g, (_, chars) => 'e'.repeat(Number(chars)));
  if (Array.isArray(value)) return value.map(restored);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, restored(child)]));
}

/** What a stream tells at its start is the first pass; a whole message tells the sum of all. */
function firstPassTokens({ body, body_kind: kind }: Exchange, { lines: [line, second] }: UsageEvent) {
  if (kind === 'sse') {
    const usage = /"message_start".*"usage": ?(\{.*\})/.exec(body)?.[1] ?? '';
    const count = (name: string) => Number(new RegExp(`"${name}": ?(\\d+)`).exec(usage)?.[1] ?? 0);
    return count('input_tokens') + count('cache_read_input_tokens') + count('cache_creation_input_tokens');
  }
  const isSum = body.includes('"server_tool_use"') || second !== undefined || line === undefined;
  return isSum ? null : totalInputTokens(line.usage);
}

function recordingMeter() {
  const organization = 'recorded';
  const gate = createMemoryGate({ organization, clock: systemClock });
  const seen: { intent?: CallIntent; event?: UsageEvent; reserved?: Parameters<typeof gate.reserve>[0] } = {};
  const watchedGate: typeof gate = {
    ...gate,
    reserve: (request) => {
      seen.reserved = request;
      return gate.reserve(request);
    },
  };
  const sink = {
    recordIntent: (intent: CallIntent) => void Object.assign(seen, { intent }),
    recordOutcome: (event: UsageEvent) => void Object.assign(seen, { event }),
    recordSettlement: () => undefined,
    recordDenial: () => undefined,
    recordedEvents: 0,
    flush: async () => ({ stored: 0, pending: 0 }),
    close: async () => undefined,
  };
  const configuration = createConfigurationCache({ gate, organization, logger: silentLogger });
  const meter = createMeter({
    mode: 'enforce',
    clock: systemClock,
    logger: silentLogger,
    apiKeyId: null,
    pseudonymKey: null,
    defaults: { team: 'recorded', feature: 'recorded', environment: 'test' },
    ports: async () => ({ gate: watchedGate, sink, configuration }),
  });
  return { meter, seen };
}

export async function estimateRecordings(): Promise<Estimated[]> {
  const { meter, seen } = recordingMeter();
  const estimated: Estimated[] = [];
  for (const exchange of recordedExchanges()) {
    const request = {
      url: 'https://api.anthropic.com/v1/messages',
      method: 'POST',
      headers: new Headers(),
      body: JSON.stringify(restored(exchange.request)),
    } as APIRequest;
    const type = exchange.body_kind === 'sse' ? 'text/event-stream' : 'application/json';
    const answer = async () => new Response(exchange.body, { headers: { 'content-type': type } });
    const response = await meter.middleware(request, answer, {} as MiddlewareContext);
    await response.text();
    await meter.settled();
    estimated.push(estimatedFrom(exchange, seen));
  }
  await meter.close();
  return estimated;
}

function estimatedFrom(
  exchange: Exchange,
  { intent, event, reserved }: ReturnType<typeof recordingMeter>['seen'],
): Estimated {
  if (!intent || !event || !reserved) throw new Error(`${exchange.id} was not metered`);
  return {
    id: exchange.id,
    model: intent.requestModel,
    promptTokens: intent.promptTokens,
    countedTokens: firstPassTokens(exchange, event),
    expectedNanoUsd: reserved.expectedNanoUsd,
    worstNanoUsd: reserved.worstNanoUsd,
    chargedNanoUsd: contractedCostNanoUsd(event),
  };
}

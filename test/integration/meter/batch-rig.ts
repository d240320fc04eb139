/** A provider of message batches behind the real SDK, and meters on one gate, for tests that move time by hand. */
import Anthropic from '@anthropic-ai/sdk';
import { createMemoryGate } from '@tallygate/gate';
import {
  createConfigurationCache,
  createMemoryBatchOwners,
  createMeter,
  type MeterOptions,
  wrapClient,
} from '@tallygate/meter';
import {
  type BatchOwners,
  type BudgetGate,
  type ConfigurationSnapshot,
  type DenialRecord,
  emptyConfiguration,
  type Hold,
  nanoFromUsd,
  type Settlement,
  type UsageEvent,
} from '@tallygate/usage';

export const organization = 'acme';
export const BATCH_ID = 'msgbatch_01';
export const HAIKU = 'claude-haiku-5-5';
export const CREATED_MS = Date.UTC(2026, 10, 20, 12);
export const ENDED_AT = '2026-11-20T13:30:00.000Z';
export const HOUR_MS = 3_600_000;

export interface MovableClock {
  nowMs(): number;
  monotonicMs(): number;
  advance(durationMs: number): void;
}

export function movableClock(): MovableClock {
  let nowMs = CREATED_MS;
  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    advance(durationMs) {
      nowMs += durationMs;
    },
  };
}

/** One message of the provider: 1001 in, 21 out by default. */
export function message(usage: Record<string, unknown> = {}, changes: Record<string, unknown> = {}) {
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: HAIKU,
    content: [{ type: 'text', text: 'grüße 🙂 from a batch' }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    ...changes,
    usage: { input_tokens: 1001, output_tokens: 21, service_tier: 'batch', ...usage },
  };
}

export const succeeded = (customId: string, answer: unknown = message()) => ({
  custom_id: customId,
  result: { type: 'succeeded', message: answer },
});
export const errored = (customId: string, type = 'invalid_request_error') => ({
  custom_id: customId,
  result: { type: 'errored', error: { type: 'error', error: { type, message: 'no' }, request_id: null } },
});
export const unprocessed = (customId: string, type: 'canceled' | 'expired') => ({
  custom_id: customId,
  result: { type },
});

export interface ProviderScript {
  results: unknown[];
  /** Cuts the results into pieces of so many bytes. */
  chunkBytes?: number;
  state?: Record<string, unknown>;
  create?: () => Response | Promise<Response>;
}

/** Answers as the Batches API does. `requests` are "METHOD path". */
function fakeProvider(script: ProviderScript) {
  const requests: string[] = [];
  const batch = () => ({
    id: BATCH_ID,
    type: 'message_batch',
    processing_status: 'ended',
    created_at: '2026-11-20T12:00:00.500Z',
    ended_at: ENDED_AT,
    expires_at: '2026-11-21T12:00:00.500Z',
    archived_at: null,
    cancel_initiated_at: null,
    request_counts: { processing: 0, succeeded: 2, errored: 0, canceled: 0, expired: 0 },
    results_url: `https://api.anthropic.com/v1/messages/batches/${BATCH_ID}/results`,
    ...script.state,
  });
  const send = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const path = new URL(String(url)).pathname;
    const method = init?.method?.toUpperCase() ?? 'GET';
    requests.push(`${method} ${path}`);
    if (path.endsWith('/results')) return jsonl(script);
    if (method === 'DELETE') return Response.json({ id: BATCH_ID, type: 'message_batch_deleted' });
    if (path.endsWith('/batches') && script.create) return script.create();
    return Response.json(batch(), { headers: { 'request-id': 'req_1' } });
  };
  return { send, requests, batch };
}

function jsonl({ results, chunkBytes = 64 }: ProviderScript): Response {
  const bytes = new TextEncoder().encode(results.map((line) => JSON.stringify(line)).join('\n'));
  let offset = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (offset >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(offset, offset + chunkBytes));
      offset += chunkBytes;
    },
  });
  return new Response(body, {
    headers: { 'content-type': 'application/x-jsonl', 'anthropic-organization-id': 'org_1' },
  });
}

export function budgetOf(limitUsd: string): Partial<ConfigurationSnapshot> {
  return {
    budgets: [
      {
        id: 'support',
        scope: { team: 'support' },
        period: 'month',
        timeZone: 'UTC',
        limit: nanoFromUsd(limitUsd),
        onOutage: 'block',
      },
    ],
  };
}

export interface SharedParts {
  clock: MovableClock;
  gate: BudgetGate;
}

export function sharedParts(configuration: Partial<ConfigurationSnapshot> = budgetOf('100')): SharedParts {
  const clock = movableClock();
  const gate = createMemoryGate({
    organization,
    clock,
    configuration: { ...emptyConfiguration(organization), ...configuration },
  });
  return { clock, gate };
}

export interface ProcessOptions extends SharedParts {
  script: ProviderScript;
  owners?: BatchOwners;
  mode?: MeterOptions['mode'];
  team?: string;
  pseudonymKey?: string;
  disturbedGate?: (gate: BudgetGate) => BudgetGate;
  recordOutcome?: (event: UsageEvent) => void;
}

/** One application with its meter and its own records. */
export function startProcess(options: ProcessOptions) {
  const { clock, script } = options;
  const gate = options.disturbedGate?.(options.gate) ?? options.gate;
  const provider = fakeProvider(script);
  const [events, settlements, denials]: [UsageEvent[], Settlement[], DenialRecord[]] = [[], [], []];
  const holds = new Map<string, Hold | null>();
  const logs: string[] = [];
  const loggedFields: unknown[] = [];
  const log = (text: string, fields?: object) => {
    logs.push(text);
    loggedFields.push(fields);
  };
  const logger = { debug: () => undefined, info: log, warn: log, error: log };
  const sink = {
    get recordedEvents() {
      return events.length;
    },
    recordOutcome(event: UsageEvent, hold: Hold | null) {
      options.recordOutcome?.(event);
      events.push(event);
      holds.set(event.eventId, hold);
    },
    recordSettlement: (settlement: Settlement) => void settlements.push(settlement),
    recordDenial: (denial: DenialRecord) => void denials.push(denial),
    flush: async () => ({ stored: 0, pending: 0 }),
    close: async () => undefined,
  };
  const ports = Promise.resolve({
    gate,
    sink,
    configuration: createConfigurationCache({ gate, organization, logger }),
    batchOwners: options.owners ?? createMemoryBatchOwners({ clock }),
  });
  const meter = createMeter({
    mode: options.mode ?? 'enforce',
    clock,
    logger,
    apiKeyId: null,
    pseudonymKey: options.pseudonymKey ?? null,
    defaults: { team: options.team ?? 'support', feature: 'mail', environment: 'test' },
    ports: () => ports,
  });
  const client = { apiKey: 'test', maxRetries: 0, logLevel: 'off' as const };
  const bare = new Anthropic({ ...client, fetch: provider.send });
  return {
    gate: options.gate,
    bare,
    claude: wrapClient(bare, meter.middleware),
    /** The meter as a `fetch` under the SDK, on its own and below a wrapped client. */
    fetched: () => new Anthropic({ ...client, fetch: meter.fetch(provider.send) }),
    doubled: () =>
      wrapClient(new Anthropic({ ...client, fetch: meter.fetch(provider.send) }), meter.middleware),
    meter,
    provider,
    events,
    settlements,
    denials,
    holds,
    logs,
    loggedFields,
  };
}

export type MeteredProcess = ReturnType<typeof startProcess>;

export const requestFor = (customId: string, changes: Record<string, unknown> = {}) => ({
  custom_id: customId,
  params: {
    model: HAIKU,
    max_tokens: 1000,
    messages: [{ role: 'user' as const, content: 'hi' }],
    ...changes,
  },
});

/** Haiku 5.5 lists 100 nano-USD a token in and 500 out: (1001 × 100 + 21 × 500) / 2. */
export const ITEM_COST = 55_300n;
export const ITEMS = [succeeded('item-1'), succeeded('item-2')];
export const REQUESTS = { requests: [requestFor('item-1'), requestFor('item-2')] };

/** Creates the batch through the SDK and waits for everything behind it. */
export async function createdBatch(process: MeteredProcess, params = REQUESTS) {
  const batch = await process.claude.messages.batches.create(params);
  await process.meter.settled();
  return batch;
}

/** Reads results to the end, or leaves after `items`. */
export async function readResults(process: MeteredProcess, items = Number.POSITIVE_INFINITY) {
  const values: unknown[] = [];
  for await (const value of await process.claude.messages.batches.results(BATCH_ID)) {
    values.push(value);
    if (values.length >= items) break;
  }
  await process.meter.settled();
  return values;
}

/** What the month's budget stands at. */
export async function budgetNow(gate: BudgetGate): Promise<{ spent: bigint; held: bigint }> {
  const [balance] = await gate.balances();
  if (!balance) throw new Error('no budget is configured');
  return { spent: balance.spent, held: balance.held };
}

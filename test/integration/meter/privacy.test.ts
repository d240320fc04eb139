import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import Anthropic from '@anthropic-ai/sdk';
import { createMemoryGate } from '@tallygate/gate';
import { openSpool, openUsageStore } from '@tallygate/ledger';
import { createConfigurationCache, createMeter, wrapClient } from '@tallygate/meter';
import {
  type CallAttribution,
  type ConfigurationSnapshot,
  emptyConfiguration,
  type Logger,
  nanoFromUsd,
  systemClock,
  TallygateError,
} from '@tallygate/usage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTables } from '../ledger/tables.ts';

/** Each is put where an application would put it, and must be found nowhere that is ours. */
const SECRETS = {
  apiKey: 'PlantedKeyPlantedKeyPlantedKey',
  prompt: 'PlantedPrompt',
  system: 'PlantedSystem',
  tool: 'PlantedTool',
  answer: 'PlantedAnswer',
  providerError: 'PlantedProviderError',
  networkError: 'PlantedNetworkError',
  metadata: 'PlantedMetadata',
  user: 'planted-user-42',
  tag: 'PlantedTag',
  email: 'planted.person@example.com',
};
const API_KEY = `sk-ant-api03-R2D${SECRETS.apiKey}igAA`;
const MODEL = 'claude-haiku-5-5';
const organization = 'acme';

const PARAMS = {
  model: MODEL,
  max_tokens: 50,
  system: SECRETS.system,
  tools: [{ name: 'look', description: SECRETS.tool, input_schema: { type: 'object' as const } }],
  messages: [{ role: 'user' as const, content: `${SECRETS.prompt} of ${SECRETS.email}` }],
  metadata: { user_id: SECRETS.metadata },
  stop_sequences: [SECRETS.prompt],
};
const WHO: CallAttribution = {
  feature: `summary for ${SECRETS.email}`,
  environment: SECRETS.email,
  user: SECRETS.user,
  workflow: SECRETS.email,
  taskType: encodeURIComponent(SECRETS.email),
  tags: { region: SECRETS.email, note: SECRETS.tag },
};

const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: MODEL,
  content: [{ type: 'text', text: SECRETS.answer }],
  stop_reason: 'stop_sequence',
  stop_sequence: SECRETS.prompt,
  usage: { input_tokens: 100, output_tokens: 20, billed_to: SECRETS.email, units: { [SECRETS.email]: 1 } },
};
const EVENTS = [
  { type: 'message_start', message: { ...MESSAGE, content: [], stop_reason: null } },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: SECRETS.answer } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: SECRETS.answer } },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 20 } },
  { type: 'message_stop' },
];
const sse = (events: typeof EVENTS) =>
  new Response(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''), {
    headers: { 'content-type': 'text/event-stream' },
  });
const failing = (status: number) =>
  Response.json(
    { type: 'error', error: { type: 'invalid_request_error', message: SECRETS.providerError } },
    { status },
  );

const CONFIGURATION: ConfigurationSnapshot = {
  ...emptyConfiguration(organization),
  tagAllowList: ['region'],
  budgets: [
    {
      id: 'all',
      scope: {},
      period: 'month',
      timeZone: 'UTC',
      limit: nanoFromUsd('0.05'),
      onOutage: 'block',
    },
  ],
};

/** Everything of ours that one application would run: log, ledger, spool, gate, meter. */
async function openRig(directory: string, pseudonymKey: string | null) {
  const logs: unknown[] = [];
  const errors: TallygateError[] = [];
  const write = (level: string) => (message: string, fields?: object) =>
    void logs.push([level, message, fields]);
  const logger: Logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
  const clock = systemClock;
  const ledger = join(directory, 'ledger');
  const store = await openUsageStore({ kind: 'embedded', directory: ledger }, { clock, logger });
  const spool = await openSpool({ directory: join(directory, 'spool'), destination: store, clock, logger });
  const gate = createMemoryGate({ organization, clock, configuration: CONFIGURATION });
  const rig = { isGateAway: false, sent: '', logs, errors, clientFor, call, spool, store, closeMeter };
  const troubled: typeof gate = {
    ...gate,
    settle: (charge) =>
      rig.isGateAway ? Promise.reject(new Error(SECRETS.networkError)) : gate.settle(charge),
  };
  const configuration = createConfigurationCache({ gate, organization, logger });
  const meter = createMeter({
    mode: 'enforce',
    clock,
    logger,
    apiKeyId: null,
    pseudonymKey,
    defaults: { team: SECRETS.email, feature: null, environment: null },
    ports: async () => ({ gate: troubled, sink: spool, configuration }),
  });

  function clientFor(answer: Answer): Anthropic {
    const send: typeof fetch = async (_url, init) => {
      rig.sent += `${init?.body}${JSON.stringify([...new Headers(init?.headers)])}`;
      return answer();
    };
    const bare = new Anthropic({ apiKey: API_KEY, maxRetries: 0, logLevel: 'off', fetch: send });
    return wrapClient(bare, meter.middleware);
  }
  async function call(answer: Answer, changes: object = {}): Promise<void> {
    const made = clientFor(answer).messages.create({ ...PARAMS, ...changes }, { attribution: WHO });
    await Promise.resolve(made).catch((error: unknown) => {
      if (TallygateError.isInstance(error)) errors.push(error);
    });
  }
  function closeMeter(): Promise<void> {
    return meter.close();
  }
  return rig;
}

type Answer = () => Response | Promise<Response>;
type Rig = Awaited<ReturnType<typeof openRig>>;

/** One call of every kind of end: answered, streamed, cut, refused by the provider twice, lost, denied, settled late. */
async function makeCalls(rig: Rig): Promise<void> {
  const { call, clientFor } = rig;
  const said = { attribution: WHO };
  await call(() => Response.json(MESSAGE));
  await clientFor(() => sse(EVENTS))
    .messages.stream(PARAMS, said)
    .finalMessage();
  const cut = clientFor(() => sse(EVENTS.slice(0, 3))).messages.stream(PARAMS, said);
  await cut.finalMessage().catch(() => null);
  await call(() => failing(400));
  await call(() => failing(404), { model: SECRETS.email });
  await call(async () => {
    throw Object.assign(new TypeError(SECRETS.networkError), { code: SECRETS.email });
  });
  await call(() => Response.json(MESSAGE), { max_tokens: 120_000 });
  rig.isGateAway = true;
  await call(() => Response.json(MESSAGE));
  rig.isGateAway = false;
  await rig.closeMeter();
}

async function rowsIn(directory: string): Promise<Record<string, Record<string, unknown>[]>> {
  const tables = openTables(directory);
  const rows: Record<string, Record<string, unknown>[]> = {};
  for (const name of ['usage_events', 'settlements', 'denials'])
    rows[name] = await tables.rows(`SELECT * FROM ${name}`);
  await tables.close();
  return rows;
}

describe.each([
  ['with a pseudonym key', 'k'.repeat(32)],
  ['without one', null],
])('privacy %s', (_title, pseudonymKey) => {
  const directory = mkdtempSync(join(tmpdir(), 'tallygate-privacy-'));
  const seen = { sent: '', spool: '', rows: '', logs: '', errors: '' };
  let rowsOf: Record<string, Record<string, unknown>[]> = {};
  let errors: TallygateError[] = [];

  beforeAll(async () => {
    const rig = await openRig(directory, pseudonymKey);
    await makeCalls(rig);
    seen.spool = textOfFiles(join(directory, 'spool'));
    await rig.spool.close();
    await rig.store.close();
    rowsOf = await rowsIn(join(directory, 'ledger'));
    errors = rig.errors;
    seen.sent = rig.sent;
    seen.rows = JSON.stringify(rowsOf);
    seen.logs = JSON.stringify(rig.logs);
    seen.errors = inspect(errors, { depth: Infinity, showHidden: true });
  }, 60_000);
  afterAll(() => rmSync(directory, { recursive: true }));

  it.each(Object.entries(SECRETS))(
    'keeps the planted %s out of rows, spool frames, logs and errors',
    (_name, secret) => {
      const { sent: _sent, ...ours } = seen;
      for (const [place, text] of Object.entries(ours)) {
        expect(text.includes(secret), `${secret} in ${place}`).toBe(false);
        expect(text.includes(encodeURIComponent(secret)), `${secret}, encoded, in ${place}`).toBe(false);
      }
    },
  );

  it('looked at a run in which secrets were sent and every kind of thing was written', () => {
    for (const name of ['apiKey', 'prompt', 'system', 'tool', 'metadata', 'email'] as const)
      expect(seen.sent).toContain(SECRETS[name]);
    const statuses = new Set(rowsOf['usage_events']?.map((row) => row['status']));
    expect(statuses).toEqual(new Set(['ok', 'aborted', 'error', 'unknown']));
    expect(rowsOf['usage_events']).toHaveLength(7);
    expect(rowsOf['settlements']?.length).toBeGreaterThan(4);
    expect(rowsOf['denials']).toHaveLength(1);
    expect(errors.map((error) => error.code)).toEqual(['TALLYGATE_BUDGET_EXCEEDED']);
    expect(seen.logs).toContain('settlement failed');
    expect(seen.spool).toMatch(/usage \d+\n\[/);
  });

  it('keeps what is needed: who pays as pseudonyms, the hint of the key, the stable prefix', () => {
    const [row = {}] = rowsOf['usage_events'] ?? [];
    const stand = pseudonymKey === null ? 'redacted' : expect.stringMatching(/^[\w-]{22}$/);
    const hash = pseudonymKey === null ? null : stand;
    expect(row).toMatchObject({
      team: stand,
      feature: stand,
      workflow: stand,
      task_type: stand,
      tags: { region: stand },
      user_pseudonym: hash,
      api_key_hint: 'sk-ant-api03-R2D...igAA',
      stable_prefix_hash: hash,
    });
    expect(Number(row['stable_prefix_bytes'])).toBeGreaterThan(SECRETS.system.length + SECRETS.tool.length);
  });
});

function textOfFiles(folder: string): string {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}

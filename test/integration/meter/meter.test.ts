import Anthropic from '@anthropic-ai/sdk';
import { createMemoryGate } from '@tallygate/gate';
import { createConfigurationCache, createMeter, type MeterOptions, wrapClient } from '@tallygate/meter';
import {
  type BudgetGate,
  type ConfigurationSnapshot,
  type DenialRecord,
  emptyConfiguration,
  type Hold,
  nanoFromUsd,
  type Settlement,
  silentLogger,
  systemClock,
  TallygateError,
  type UsageEvent,
} from '@tallygate/usage';
import { describe, expect, it } from 'vitest';

const organization = 'acme';
const MODEL = 'claude-haiku-5-5';
const PARAMS = { model: MODEL, max_tokens: 50, messages: [{ role: 'user' as const, content: 'hi' }] };
const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: MODEL,
  content: [{ type: 'text', text: 'hello' }],
  stop_reason: 'end_turn',
  usage: {
    input_tokens: 1000,
    output_tokens: 20,
    cache_read_input_tokens: 0,
    cache_creation_input_tokens: 0,
    service_tier: 'standard',
  },
};
/** 1000 × 100 + 20 × 500 nano-USD at Haiku 5.5's prices. */
const MESSAGE_COST = 110_000n;

function sse(...events: { type: string; [name: string]: unknown }[]): Response {
  const text = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
  return new Response(text, { headers: { 'content-type': 'text/event-stream' } });
}

const START = {
  type: 'message_start',
  message: { ...MESSAGE, content: [], stop_reason: null, usage: { ...MESSAGE.usage, output_tokens: 1 } },
};
const BLOCK = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } };
const TEXT = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'hello' } };
const STOP = { type: 'content_block_stop', index: 0 };
const DELTA = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 20 } };
const END = { type: 'message_stop' };

interface Rig {
  claude: Anthropic;
  gate: BudgetGate;
  events: UsageEvent[];
  settlements: Settlement[];
  denials: DenialRecord[];
  requests: number;
  close(): Promise<void>;
}

interface RigOptions {
  answers?: (() => Response | Promise<Response>)[];
  configuration?: Partial<ConfigurationSnapshot>;
  mode?: MeterOptions['mode'];
  gate?: (real: BudgetGate) => BudgetGate;
  client?: Partial<ConstructorParameters<typeof Anthropic>[0]>;
}

function rig({
  answers = [() => Response.json(MESSAGE)],
  configuration = {},
  mode = 'enforce',
  gate: disturbed,
  client = {},
}: RigOptions = {}): Rig {
  const real = createMemoryGate({
    organization,
    clock: systemClock,
    configuration: { ...emptyConfiguration(organization), ...configuration },
  });
  const gate = disturbed ? disturbed(real) : real;
  const [events, settlements, denials]: [UsageEvent[], Settlement[], DenialRecord[]] = [[], [], []];
  const sink = {
    get recordedEvents() {
      return events.length;
    },
    recordOutcome: (event: UsageEvent, _hold: Hold | null) => void events.push(event),
    recordSettlement: (settlement: Settlement) => void settlements.push(settlement),
    recordDenial: (denial: DenialRecord) => void denials.push(denial),
    flush: async () => ({ stored: 0, pending: 0 }),
    close: async () => undefined,
  };
  const ports = Promise.resolve({
    gate,
    sink,
    configuration: createConfigurationCache({ gate, organization, logger: silentLogger }),
  });
  const meter = createMeter({
    mode,
    clock: systemClock,
    logger: silentLogger,
    apiKeyId: null,
    pseudonymKey: null,
    defaults: { team: 'support', feature: 'chat', environment: 'test' },
    ports: () => ports,
  });
  const built: Rig = {
    claude: undefined as unknown as Anthropic,
    gate: real,
    events,
    settlements,
    denials,
    requests: 0,
    close: () => meter.close(),
  };
  const bare = new Anthropic({
    apiKey: 'test',
    maxRetries: 2,
    logLevel: 'off',
    fetch: async () => {
      const answer = answers[Math.min(built.requests, answers.length - 1)];
      built.requests += 1;
      if (!answer) throw new Error('no answer scripted');
      return answer();
    },
    ...client,
  });
  built.claude = wrapClient(bare, meter.middleware);
  return built;
}

const budget = (limitUsd: string, onOutage: 'allow' | 'block' = 'block') => ({
  teams: [],
  budgets: [
    {
      id: 'support',
      scope: { team: 'support' },
      period: 'month' as const,
      timeZone: 'UTC',
      limit: nanoFromUsd(limitUsd),
      onOutage,
    },
  ],
});

const overloaded = () =>
  Response.json(
    { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
    { status: 529, headers: { 'retry-after-ms': '1' } },
  );

describe('a metered client', () => {
  it('records one exact row, settles the hold by its charge, and returns what the SDK would', async () => {
    const { claude, events, settlements, gate, close } = rig({ configuration: budget('1') });
    const message = await claude.messages.create(PARAMS, { attribution: { feature: 'ticket-summary' } });
    await close();
    expect(message.content).toEqual(MESSAGE.content);
    expect(events).toMatchObject([
      {
        status: 'ok',
        basis: 'reported',
        attemptNumber: 1,
        attribution: { team: 'support', feature: 'ticket-summary' },
      },
    ]);
    expect(events[0]?.lines).toMatchObject([{ contractedCostNanoUsd: MESSAGE_COST, responseModel: MODEL }]);
    expect(settlements).toMatchObject([
      { attemptId: events[0]?.eventId, kind: 'settle', entries: [{ amount: MESSAGE_COST }] },
    ]);
    expect(await gate.balances()).toMatchObject([{ spent: MESSAGE_COST, held: 0n }]);
  });

  it.each<[string, (claude: Anthropic) => Promise<unknown>]>([
    [
      'iteration',
      async (claude) => {
        for await (const _event of await claude.messages.create({ ...PARAMS, stream: true }));
      },
    ],
    ['finalMessage()', (claude) => claude.messages.stream(PARAMS).finalMessage()],
    [
      'beta iteration',
      async (claude) => {
        for await (const _event of await claude.beta.messages.create({ ...PARAMS, stream: true }));
      },
    ],
    ['beta finalMessage()', (claude) => claude.beta.messages.stream(PARAMS).finalMessage()],
    [
      'asResponse().text()',
      async (claude) => (await claude.messages.create({ ...PARAMS, stream: true }).asResponse()).text(),
    ],
    [
      'withResponse()',
      async (claude) => {
        for await (const _event of (await claude.messages.create({ ...PARAMS, stream: true }).withResponse())
          .data);
      },
    ],
    [
      'toReadableStream()',
      async (claude) =>
        new Response(
          (await claude.messages.create({ ...PARAMS, stream: true })).toReadableStream() as ReadableStream,
        ).text(),
    ],
  ])('meters a stream read by %s', async (_name, read) => {
    const { claude, events, settlements, close } = rig({
      answers: [() => sse(START, BLOCK, TEXT, STOP, DELTA, END)],
    });
    await read(claude);
    await close();
    expect(events).toMatchObject([
      { status: 'ok', streamed: true, lines: [{ contractedCostNanoUsd: MESSAGE_COST }] },
    ]);
    expect(settlements).toHaveLength(1);
  });

  it('meters every turn of a tool runner', async () => {
    const toolUse = {
      ...MESSAGE,
      stop_reason: 'tool_use',
      content: [{ type: 'tool_use', id: 't1', name: 'add', input: { a: 1 } }],
    };
    const { claude, events, close } = rig({
      answers: [() => Response.json(toolUse), () => Response.json(MESSAGE)],
    });
    const tools = [
      {
        type: 'custom' as const,
        name: 'add',
        description: 'adds',
        input_schema: { type: 'object' as const },
        run: () => '2',
        parse: (input: unknown) => input,
      },
    ];
    await claude.beta.messages.toolRunner({ ...PARAMS, tools });
    await close();
    expect(events.map((event) => [event.status, event.stopReason])).toEqual([
      ['ok', 'tool_use'],
      ['ok', 'end_turn'],
    ]);
  });

  it('gives each retry its own attempt, hold and row, and charges only what was answered', async () => {
    const { claude, events, settlements, gate, close } = rig({
      answers: [overloaded, overloaded, () => Response.json(MESSAGE)],
      configuration: budget('1'),
    });
    await claude.messages.create(PARAMS);
    await close();
    expect(
      events.map(({ attemptNumber, status, httpStatus, errorCode }) => [
        attemptNumber,
        status,
        httpStatus,
        errorCode,
      ]),
    ).toEqual([
      [1, 'error', 529, 'overloaded_error'],
      [2, 'error', 529, 'overloaded_error'],
      [3, 'ok', 200, null],
    ]);
    expect(new Set(events.map((event) => event.callId)).size).toBe(1);
    expect(new Set(events.map((event) => event.eventId)).size).toBe(3);
    expect(settlements.map((settlement) => settlement.kind).sort()).toEqual(['release', 'release', 'settle']);
    expect(await gate.balances()).toMatchObject([{ spent: MESSAGE_COST, held: 0n }]);
  });

  it('denies before anything is sent, once, with the numbers a person needs', async () => {
    const broke = rig({ configuration: budget('0.000001') });
    const denied = await broke.claude.messages.create(PARAMS).catch((error: unknown) => error);
    await broke.close();
    expect(denied).toMatchObject({
      name: 'BudgetExceededError',
      code: 'TALLYGATE_BUDGET_EXCEEDED',
      denial: { budgetId: 'support' },
    });
    expect(String(denied)).toMatch(
      /^BudgetExceededError: Team support has spent \$0\.00 of \$0\.0000010 for .*; this call needs up to \$/,
    );
    expect([broke.requests, broke.events.length, broke.denials.length]).toEqual([0, 0, 1]);
    expect(broke.denials[0]).toMatchObject({
      enforced: true,
      requestModel: MODEL,
      attribution: { team: 'support' },
    });
  });

  it('lets the call go on in observe mode and records the would-be denial', async () => {
    const { claude, events, denials, close } = rig({ configuration: budget('0.000001'), mode: 'observe' });
    await claude.messages.create(PARAMS);
    await close();
    expect([events.length, denials.length, denials[0]?.enforced]).toEqual([1, 1, false]);
  });

  it('does nothing at all when off', async () => {
    const { claude, events, settlements, close } = rig({ mode: 'off' });
    await claude.messages.create(PARAMS);
    await close();
    expect([events.length, settlements.length]).toEqual([0, 0]);
  });

  it('charges a stream that breaks off: input as reported, output as seen, marked estimated', async () => {
    const { claude, events, close } = rig({
      answers: [() => sse(START, BLOCK, { ...TEXT, delta: { type: 'text_delta', text: 'x'.repeat(500) } })],
    });
    const stream = await claude.messages.create({ ...PARAMS, stream: true });
    for await (const _event of stream);
    await close();
    expect(events).toMatchObject([
      {
        status: 'aborted',
        basis: 'estimated',
        lines: [{ usage: { uncachedInputTokens: 1000, outputTokens: 200 } }],
      },
    ]);
  });

  it('cancels the provider’s stream when the caller breaks out of it', async () => {
    let isCancelled = false;
    const endless = () =>
      new Response(
        new ReadableStream({
          start: (controller) =>
            controller.enqueue(
              new TextEncoder().encode(`event: message_start\ndata: ${JSON.stringify(START)}\n\n`),
            ),
          cancel: () => {
            isCancelled = true;
          },
        }),
        { headers: { 'content-type': 'text/event-stream' } },
      );
    const { claude, events, close } = rig({ answers: [endless] });
    for await (const _event of await claude.messages.create({ ...PARAMS, stream: true })) break;
    await close();
    expect(isCancelled).toBe(true);
    expect(events).toMatchObject([{ status: 'aborted', lines: [{ usage: { uncachedInputTokens: 1000 } }] }]);
  });

  it('records as unknown, at its input’s estimate, what may have been billed and was never answered', async () => {
    const reset = () =>
      Promise.reject(
        Object.assign(new TypeError('fetch failed'), {
          cause: Object.assign(new Error(), { code: 'ECONNRESET' }),
        }),
      );
    const { claude, events, close } = rig({ answers: [reset], client: { maxRetries: 0 } });
    await expect(claude.messages.create(PARAMS)).rejects.toThrow('Connection error');
    await close();
    expect(events).toMatchObject([
      { status: 'unknown', basis: 'estimated', httpStatus: null, errorCode: 'ECONNRESET' },
    ]);
    expect(events[0]?.lines[0]?.contractedCostNanoUsd).toBeGreaterThan(0n);
  });

  it('charges nothing for a request that never left', async () => {
    const refused = () =>
      Promise.reject(
        Object.assign(new TypeError('fetch failed'), {
          cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }),
        }),
      );
    const { claude, events, gate, close } = rig({
      answers: [refused],
      client: { maxRetries: 0 },
      configuration: budget('1'),
    });
    await expect(claude.messages.create(PARAMS)).rejects.toThrow('Connection error');
    await close();
    expect(events).toMatchObject([{ status: 'error', lines: [{ contractedCostNanoUsd: 0n }] }]);
    expect(await gate.balances()).toMatchObject([{ spent: 0n, held: 0n }]);
  });

  it('ends a response that nobody read when the meter closes', async () => {
    const { claude, events, settlements, close } = rig();
    await claude.messages.create(PARAMS).asResponse();
    expect(events).toHaveLength(0);
    await close();
    expect([events.length, events[0]?.status, settlements.length]).toEqual([1, 'unknown', 1]);
  });
});

describe('a changed configuration', () => {
  it('is in force at the next call: the reserve is refused once, reloaded, and asked again', async () => {
    const { claude, gate, denials, requests, close } = rig({ configuration: budget('1') });
    await claude.messages.create(PARAMS);
    const live = await gate.configuration();
    await gate.publish({ ...live, ...budget('0.000001'), version: live.version + 1 });
    await expect(claude.messages.create(PARAMS)).rejects.toMatchObject({ code: 'TALLYGATE_BUDGET_EXCEEDED' });
    await close();
    expect([denials.length, requests]).toEqual([1, 0]);
  });
});

describe('an outage of the gate', () => {
  const outage = () =>
    Promise.reject(new TallygateError('TALLYGATE_GATE_UNAVAILABLE', { message: 'The gate is away.' }));
  const awayFor =
    (calls: number) =>
    (real: BudgetGate): BudgetGate => {
      let remaining = calls;
      return { ...real, reserve: (request) => (remaining-- > 0 ? outage() : real.reserve(request)) };
    };

  it('blocks calls of an enforced budget that says so, as an outage and not as a denial', async () => {
    const { claude, events, denials, close } = rig({ configuration: budget('1'), gate: awayFor(1) });
    await expect(claude.messages.create(PARAMS)).rejects.toMatchObject({
      code: 'TALLYGATE_GATE_UNAVAILABLE',
    });
    await close();
    expect([events.length, denials.length]).toEqual([0, 0]);
  });

  it('lets calls go on where the budget allows it, and charges them once the gate is back', async () => {
    const { claude, gate, events, close } = rig({ configuration: budget('1', 'allow'), gate: awayFor(1) });
    await claude.messages.create(PARAMS);
    await close();
    expect(events).toHaveLength(1);
    expect(await gate.balances()).toMatchObject([{ spent: MESSAGE_COST, held: 0n }]);
  });
});

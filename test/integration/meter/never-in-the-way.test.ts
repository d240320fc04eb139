import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createMemoryGate } from '@tallygate/gate';
import { createConfigurationCache, createMeter, type MeterOptions, type MeterPorts } from '@tallygate/meter';
import {
  type BudgetGate,
  type CallAttribution,
  type ConfigurationSnapshot,
  type DenialRecord,
  emptyConfiguration,
  type Hold,
  type Logger,
  nanoFromUsd,
  type Settlement,
  silentLogger,
  systemClock,
  type UsageEvent,
  type UsageSink,
} from '@tallygate/usage';
import { describe, expect, it } from 'vitest';

/** What may go wrong around the meter, and when: none of it may reach a call, and none of it may be counted twice or not at all. */

const organization = 'acme';
const MODEL = 'claude-haiku-5-5';
const USAGE = { input_tokens: 1000, output_tokens: 20, service_tier: 'standard' };
const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: MODEL,
  content: [{ type: 'text', text: 'hello' }],
  stop_reason: 'end_turn',
  usage: USAGE,
};
/** 1000 × 100 + 20 × 500 nano-USD at Haiku 5.5's prices. */
const MESSAGE_COST = 110_000n;
const START = {
  type: 'message_start',
  message: { ...MESSAGE, content: [], stop_reason: null, usage: { ...USAGE, output_tokens: 1 } },
};

type Next = () => Promise<Response>;

function later<Value>() {
  let resolve: (value: Value) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<Value>((...given) => {
    [resolve, reject] = given;
  });
  return { promise, resolve, reject };
}

interface RigOptions {
  mode?: MeterOptions['mode'];
  configuration?: Partial<ConfigurationSnapshot>;
  gate?: (real: BudgetGate) => BudgetGate;
  sink?: Partial<UsageSink>;
  opening?: () => Promise<unknown>;
  logger?: Logger;
}

function rig({
  mode = 'observe',
  configuration = {},
  gate: disturbed,
  sink,
  opening,
  logger = silentLogger,
}: RigOptions = {}) {
  const real = createMemoryGate({
    organization,
    clock: systemClock,
    configuration: { ...emptyConfiguration(organization), ...configuration },
  });
  const gate = disturbed ? disturbed(real) : real;
  const [events, settlements, denials]: [UsageEvent[], Settlement[], DenialRecord[]] = [[], [], []];
  const ports: MeterPorts = {
    gate,
    configuration: createConfigurationCache({ gate, organization, logger: silentLogger }),
    sink: {
      recordedEvents: 0,
      recordOutcome: (event: UsageEvent, _hold: Hold | null) => void events.push(event),
      recordSettlement: (settlement) => void settlements.push(settlement),
      recordDenial: (denial) => void denials.push(denial),
      flush: async () => ({ stored: 0, pending: 0 }),
      close: async () => undefined,
      ...sink,
    },
  };
  const meter = createMeter({
    mode,
    clock: systemClock,
    logger,
    apiKeyId: null,
    pseudonymKey: 'a pseudonym key',
    defaults: { team: 'support', feature: 'chat', environment: 'test' },
    ports: async () => {
      await opening?.();
      return ports;
    },
  });
  const call = (next: Next = async () => Response.json(MESSAGE), attribution?: CallAttribution) => {
    const body = JSON.stringify({
      model: MODEL,
      max_tokens: 50,
      messages: [{ role: 'user', content: 'hi' }],
    });
    const request = {
      method: 'POST',
      url: 'https://api.anthropic.com/v1/messages',
      headers: new Headers(),
      body,
    };
    const context = { options: { method: 'post', path: '/v1/messages', attribution } };
    // As the SDK calls it, without the parts of its types that no middleware of ours looks at.
    return Reflect.apply(meter.middleware, undefined, [request, next, context]) as Promise<Response>;
  };
  const held = async () => (await real.balances()).map((balance) => balance.held);
  return { meter, call, gate: real, held, events, settlements, denials };
}

const budgetOf = (limitUsd: string) => ({
  budgets: [
    {
      id: 'support',
      scope: { team: 'support' },
      period: 'month' as const,
      limit: nanoFromUsd(limitUsd),
      timeZone: 'UTC',
      onOutage: 'block' as const,
    },
  ],
});

/** A stream that has sent its first event and goes on when told. */
function startedStream() {
  const encode = (event: { type: string }) =>
    new TextEncoder().encode(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
      given.enqueue(encode(START));
    },
  });
  const finish = () => {
    controller?.enqueue(
      encode({ ...{ type: 'message_delta' }, ...{ delta: { stop_reason: 'end_turn' }, usage: USAGE } }),
    );
    controller?.enqueue(encode({ type: 'message_stop' }));
    controller?.close();
  };
  return { finish, response: new Response(body, { headers: { 'content-type': 'text/event-stream' } }) };
}

describe('close() while calls are under way', () => {
  it('ends an attempt once: what is read afterwards is not recorded a second time', async () => {
    const { call, meter, events, settlements } = rig();
    const response = await call();
    await meter.close();
    expect(await response.json()).toEqual(MESSAGE);
    await meter.settled();
    expect(events.map(({ status }) => status)).toEqual(['unknown']);
    expect(settlements).toHaveLength(1);
  });

  it('ends an attempt once: an error that comes afterwards is not recorded a second time', async () => {
    const { call, meter, events } = rig();
    const answer = later<Response>();
    const sent = later<void>();
    const calling = call(() => {
      sent.resolve();
      return answer.promise;
    });
    await sent.promise;
    await meter.close();
    answer.reject(new Error('socket hang up'));
    await expect(calling).rejects.toThrow('socket hang up');
    expect(events).toHaveLength(1);
  });

  it('keeps what a stream has told so far: its reported input, and output as far as it passed', async () => {
    const { call, meter, events } = rig();
    const { response, finish } = startedStream();
    const reader = (await call(async () => response)).body?.getReader();
    await reader?.read();
    await meter.close();
    expect(events).toMatchObject([
      { status: 'aborted', messageId: 'msg_1', lines: [{ usage: { uncachedInputTokens: 1000 } }] },
    ]);
    finish();
    while (!(await reader?.read())?.done);
    expect(events).toHaveLength(1);
  });

  it('waits for a call that is still being admitted, and records it', async () => {
    const opening = later<void>();
    const { call, meter, events, settlements } = rig({ opening: () => opening.promise });
    const calling = call();
    const closing = meter.close();
    opening.resolve();
    await closing;
    expect(events).toHaveLength(1);
    expect(settlements).toHaveLength(1);
    await (await calling).json();
    expect(events).toHaveLength(1);
  });
});

describe('an attempt that nobody ends', () => {
  it('is recorded as unknown when its response is collected unread, and holds nothing any more', async () => {
    setFlagsFromString('--expose_gc');
    const collect = runInNewContext('gc') as () => void;
    const { call, events, held } = rig({ configuration: budgetOf('10') });
    await call();
    expect((await held())[0]).toBeGreaterThan(0n);
    while (events.length === 0) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(events).toMatchObject([{ status: 'unknown', httpStatus: 200 }]);
    await expect.poll(held).toEqual([0n]);
  });

  it('goes on while anything of its response is still read: the body, or a clone', async () => {
    setFlagsFromString('--expose_gc');
    const collect = runInNewContext('gc') as () => void;
    const { call, events } = rig();
    const clone = (await call()).clone();
    const reader = (await call()).body?.getReader();
    for (let turn = 0; turn < 20; turn += 1) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(events).toEqual([]);
    await clone.json();
    while (!(await reader?.read())?.done);
    expect(events.map(({ status }) => status)).toEqual(['ok', 'ok']);
  });

  it('ends with the error when sending fails before it has begun', async () => {
    const { call, held, events } = rig({ configuration: budgetOf('10') });
    const failing = call(() => {
      throw new TypeError('Headers.append: value is an invalid header value.');
    });
    await expect(failing).rejects.toThrow('invalid header value');
    expect(events).toHaveLength(1);
    await expect.poll(held).toEqual([0n]);
  });
});

describe('a sink that fails', () => {
  const broken = () => {
    throw new Error('ENOSPC');
  };

  it('fails no call that observes, and the charge still counts', async () => {
    const { call, gate, meter } = rig({
      configuration: budgetOf('0'),
      sink: { recordOutcome: broken, recordDenial: broken },
    });
    expect(await (await call()).json()).toEqual(MESSAGE);
    await meter.settled();
    expect(await gate.balances()).toMatchObject([{ spent: MESSAGE_COST, held: 0n }]);
  });

  it('does not change what a denied call is told', async () => {
    const { call } = rig({ mode: 'enforce', configuration: budgetOf('0'), sink: { recordDenial: broken } });
    await expect(call()).rejects.toMatchObject({ code: 'TALLYGATE_BUDGET_EXCEEDED' });
  });
});

describe('a logger that throws', () => {
  const lost = () => {
    throw new Error('the worker has exited');
  };

  it('ends no process and no call: what failed behind the caller is tried again all the same', async () => {
    let settlements = 0;
    const { call, meter, held } = rig({
      configuration: budgetOf('10'),
      logger: { debug: lost, info: lost, warn: lost, error: lost },
      gate: (real) => ({
        ...real,
        settle: (...settling) => {
          settlements += 1;
          return settlements === 1 ? Promise.reject(new Error('connection lost')) : real.settle(...settling);
        },
      }),
    });
    expect(await (await call()).json()).toEqual(MESSAGE);
    await meter.close();
    expect(settlements).toBe(2);
    expect(await held()).toEqual([0n]);
  });
});

describe('in mode observe nothing of ours fails a call', () => {
  it.each<[string, RigOptions, CallAttribution?]>([
    [
      'a gate that fails with an error of nobody',
      { gate: (real) => ({ ...real, reserve: () => Promise.reject(new Error('x')) }) },
    ],
    [
      'a gate that throws at once',
      {
        gate: (real) => ({
          ...real,
          reserve: () => {
            throw new Error('x');
          },
        }),
      },
    ],
    [
      'a configuration that cannot be loaded',
      { gate: (real) => ({ ...real, configuration: () => Promise.reject(new Error('x')) }) },
    ],
    ['a policy that denies models without a price', { configuration: { unpricedModels: 'deny' } }],
    ['ports that cannot be opened', { opening: () => Promise.reject(new Error('EROFS')) }],
    ['an attribution that no type checker saw', {}, { user: 42 } as unknown as CallAttribution],
    ['an attribution that is no object', {}, 'support' as unknown as CallAttribution],
  ])('%s', async (_what, options, attribution) => {
    const { call } = rig(options);
    expect(await (await call(undefined, attribution)).json()).toEqual(MESSAGE);
  });

  it('a response of a fetch that knows only what the SDK uses', async () => {
    const { call } = rig();
    const plain = {
      ok: true,
      status: 200,
      headers: new Headers(),
      json: async () => MESSAGE,
    } as unknown as Response;
    expect(await (await call(async () => plain)).json()).toEqual(MESSAGE);
  });

  it.each<[string, () => unknown]>([
    ['has no headers', () => ({ ok: true, status: 200, json: async () => MESSAGE })],
    ['stands behind a proxy', () => boundProxy(Response.json(MESSAGE))],
    ['is frozen', () => Object.freeze(Response.json(MESSAGE))],
  ])(
    'a response that %s: it is read as without us, and one row says that its usage is unknown',
    async (_what, make) => {
      const { call, meter, events } = rig();
      const response = await call(async () => make() as Response);
      expect(await response.json()).toEqual(MESSAGE);
      await meter.close();
      expect(events).toMatchObject([{ status: 'unknown' }]);
    },
  );

  it('a fetch that answers nothing at all', async () => {
    const { call, events } = rig();
    expect(await call(async () => undefined as unknown as Response)).toBe(undefined);
    expect(events).toHaveLength(1);
  });
});

/** As instrumentations make them: what is called through it runs on the response behind it. */
function boundProxy(response: Response): Response {
  return new Proxy(response, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describe('two meters on one call', () => {
  it('charges nothing above for what is refused beneath', async () => {
    const above = rig({ configuration: budgetOf('10') });
    const beneath = rig({ mode: 'enforce', configuration: budgetOf('0') });
    await expect(above.call(() => beneath.call())).rejects.toMatchObject({
      code: 'TALLYGATE_BUDGET_EXCEEDED',
    });
    expect(above.events).toMatchObject([{ status: 'error', lines: [{ contractedCostNanoUsd: 0n }] }]);
    await expect.poll(above.held).toEqual([0n]);
  });

  it('counts the same response in each', async () => {
    const [above, beneath] = [rig(), rig()];
    await (await above.call(() => beneath.call())).json();
    expect([...above.events, ...beneath.events].map(({ status }) => status)).toEqual(['ok', 'ok']);
  });
});

import { type Meter, withAttribution } from '@tallygate/meter';
import type { Backend, CallAttribution } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import {
  endlessStream,
  MESSAGE_COST_NANO_USD,
  MODEL,
  message,
  meterRig,
  overloaded,
  refused,
  type StreamFraming,
  scriptedProvider,
  silence,
  sseFraming,
  TEXT,
  wholeStream,
} from './metered-fixtures.ts';

export interface Call {
  attribution?: CallAttribution;
  signal?: AbortSignal;
}

/** One way to reach Claude, reduced to what every way can do. */
export interface MeteredClient {
  /** The text of one answer. */
  create(call?: Call): Promise<string>;
  /** The text of a streamed answer, piece by piece. Leaving it early is the caller's right. */
  stream(call?: Call): AsyncIterable<string>;
}

export interface MeteredClientCase {
  name: string;
  /** The client as an application would build it: metered by `meter`, sending by `send`, retrying twice if it can. */
  connect(meter: Meter, send: typeof fetch): MeteredClient;
  /** False where tries of one call cannot be told from calls of their own. */
  tiesTries: boolean;
  retries: boolean;
  /** As the caller asks for it. */
  model?: string;
  backend?: Backend;
  costNanoUsd?: bigint;
  /** Where the request must arrive: proves that the client still speaks its backend's language. */
  wireUrl: RegExp;
  framing?: StreamFraming;
  /** How a caller leaves a stream that is silent just then. Where the client waits for more before it lets go: by its signal. */
  leavesBy?: 'break' | 'signal';
  statusOf(error: unknown): unknown;
  /** What identifies a denial for the caller. */
  denial: object;
}

/** What must hold for every client that is said to be metered. */
export function describeMeteredClient(subject: MeteredClientCase): void {
  const { framing = sseFraming, backend = 'anthropic', costNanoUsd = MESSAGE_COST_NANO_USD } = subject;

  function open(
    scripts: Parameters<typeof scriptedProvider>[0],
    options: Parameters<typeof meterRig>[0] = {},
  ) {
    const provider = scriptedProvider(scripts);
    const rig = meterRig(options);
    return { ...rig, provider, client: subject.connect(rig.meter, provider.fetch) };
  }

  describe(`${subject.name}, metered`, () => {
    it('answers as before, records one exact row and settles its hold by the charge', async () => {
      const { client, meter, gate, events, settlements, provider } = open([message]);
      expect(await client.create()).toBe(TEXT);
      await meter.close();
      expect(provider.received.map(({ url }) => url)).toEqual([expect.stringMatching(subject.wireUrl)]);
      expect(events).toMatchObject([
        {
          status: 'ok',
          basis: 'reported',
          backend,
          requestModel: subject.model ?? MODEL,
          requestId: 'req_contract',
          attemptNumber: 1,
          streamed: false,
          lines: [{ responseModel: MODEL, listCostNanoUsd: costNanoUsd, flags: [] }],
        },
      ]);
      expect(settlements).toMatchObject([{ kind: 'settle', attemptId: events[0]?.eventId }]);
      expect(await gate.balances()).toMatchObject([{ spent: costNanoUsd, held: 0n }]);
    });

    it('streams the same pieces and charges the stream’s final usage', async () => {
      const { client, meter, events } = open([() => wholeStream(framing)]);
      const pieces: string[] = [];
      for await (const piece of client.stream()) pieces.push(piece);
      await meter.close();
      expect(pieces.length).toBeGreaterThan(1);
      expect(pieces.join('')).toBe(TEXT);
      expect(events).toMatchObject([
        { status: 'ok', streamed: true, backend, lines: [{ listCostNanoUsd: costNanoUsd }] },
      ]);
    });

    it('stops the provider when the caller leaves a stream, and charges what was seen as an estimate', async () => {
      const left: string[] = [];
      const { client, meter, events, firstRow } = open([
        (request) => endlessStream(framing, request, () => left.push('left')),
      ]);
      const controller = new AbortController();
      for await (const _piece of client.stream({ signal: controller.signal })) {
        if (subject.leavesBy === 'signal') controller.abort();
        break;
      }
      controller.abort();
      await firstRow;
      await meter.close();
      expect(left.length).toBeGreaterThan(0);
      expect(events).toMatchObject([
        { status: 'aborted', basis: 'estimated', lines: [{ usage: { uncachedInputTokens: 1000 } }] },
      ]);
    });

    it('passes an abort on, and records what may have been billed as unknown', async () => {
      const controller = new AbortController();
      const { client, meter, events } = open([
        (request) => {
          queueMicrotask(() => controller.abort());
          return silence(request);
        },
      ]);
      await expect(client.create({ signal: controller.signal })).rejects.toThrow(/abort/i);
      await meter.close();
      expect(events).toMatchObject([{ status: 'unknown', errorCode: 'aborted', basis: 'estimated' }]);
    });

    it('lets the client raise its own error for a refusal of the provider, which costs nothing', async () => {
      const { client, meter, gate, events } = open([refused]);
      const error = await client.create().catch((reason: unknown) => reason);
      await meter.close();
      expect(subject.statusOf(error)).toBe(400);
      expect(events).toMatchObject([
        {
          status: 'error',
          httpStatus: 400,
          errorCode: 'invalid_request_error',
          lines: [{ listCostNanoUsd: 0n }],
        },
      ]);
      expect(await gate.balances()).toMatchObject([{ spent: 0n, held: 0n }]);
    });

    const whereItRetries = subject.retries ? it : () => undefined;
    whereItRetries('gives each retry a hold and a row of its own', async () => {
      const { client, meter, gate, events, settlements } = open([overloaded, message]);
      expect(await client.create()).toBe(TEXT);
      await meter.close();
      expect(events.map(({ status, httpStatus }) => [status, httpStatus])).toEqual([
        ['error', 529],
        ['ok', 200],
      ]);
      const calls = new Set(events.map(({ callId }) => callId)).size;
      expect([calls, new Set(events.map(({ eventId }) => eventId)).size]).toEqual([
        subject.tiesTries ? 1 : 2,
        2,
      ]);
      if (subject.tiesTries) expect(events.map(({ attemptNumber }) => attemptNumber)).toEqual([1, 2]);
      expect(settlements.map(({ kind }) => kind).sort()).toEqual(['release', 'settle']);
      expect(await gate.balances()).toMatchObject([{ spent: costNanoUsd, held: 0n }]);
    });

    it('denies once, before anything is sent, in words that a person understands', async () => {
      const { client, meter, events, denials, provider } = open([message], { limitUsd: '0.000001' });
      const error = await client.create().catch((reason: unknown) => reason);
      await meter.close();
      expect(error).toMatchObject(subject.denial);
      expect(String(error)).toContain('Team support has spent $0.00 of $0.0000010');
      expect([provider.received.length, events.length, denials.length]).toEqual([0, 0, 1]);
    });

    it('charges the call to whom it names, else to its scope, else to the defaults, and tells the provider nothing', async () => {
      const { client, meter, events, provider } = open([message]);
      await client.create({ attribution: { feature: 'named', workflow: 'w-1' } });
      await withAttribution({ feature: 'scoped', taskType: 't-1' }, () => client.create());
      await client.create();
      await meter.close();
      expect(
        events.map(({ attribution: { feature, workflow, taskType } }) => [feature, workflow, taskType]),
      ).toEqual([
        ['named', 'w-1', null],
        ['scoped', null, 't-1'],
        ['chat', null, null],
      ]);
      const sent = provider.received.map(({ body, headers }) => body + JSON.stringify([...headers]));
      expect(sent.join('')).not.toMatch(/tallygate|attribution|named|scoped|w-1/);
    });

    it('touches nothing when the meter is off', async () => {
      const { client, meter, events, settlements } = open([message], { mode: 'off' });
      expect(await client.create()).toBe(TEXT);
      await meter.close();
      expect([events.length, settlements.length]).toEqual([0, 0]);
    });
  });
}

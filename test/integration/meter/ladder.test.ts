import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import * as otel from '@opentelemetry/api';
import { BasicTracerProvider, type Span } from '@opentelemetry/sdk-trace-base';
import { type LadderNotice, unknownOutcome, wrapClient } from '@tallygate/meter';
import { builtinPriceBook } from '@tallygate/pricing';
import {
  BudgetExceededError,
  billedTokens,
  callIntentSchema,
  emptyConfiguration,
  type LadderStep,
  nanoFromUsd,
  systemClock,
  TallygateError,
} from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { openInMemory, openInRedis } from '../../contract/open-gates.ts';
import { type Arrival, budgetWith, HAIKU, ladderRig, OPUS, OPUS_OUTPUT_NANO_USD } from './ladder-rig.ts';

const TRIM: LadderStep = { step: 'trim', minOutputTokens: 1_000 };
const STANDARD_SPEED: LadderStep = { step: 'standard-speed' };
const DOWNGRADE: LadderStep = { step: 'downgrade', model: HAIKU };
/** At most $0.22 for what it writes, and a fraction of a cent for what it reads. */
const ASKED = { model: OPUS, max_tokens: 10_000, messages: [{ role: 'user' as const, content: 'hi' }] };
/** At twice that. */
const FAST = { ...ASKED, speed: 'fast' as const, betas: ['fast-mode-2026-02-01'] };

/** Left on a budget while the provider had the call. */
function roomAt({ balances }: Arrival, index = 0): bigint {
  const balance = balances[index];
  if (balance === undefined) throw new Error(`no budget ${index}`);
  return balance.budget.limit - balance.spent - balance.held;
}

const heldOf = (balances: Arrival['balances']) => balances.map(({ held }) => held);

describe.each([
  ['memory', openInMemory],
  ['Redis', openInRedis],
])('a trim, with the gate in %s', (_name, openGate) => {
  it.each([false, true])(
    'sends the largest max_tokens that fits, and no token more (streamed: %s)',
    async (stream) => {
      const rig = await ladderRig([budgetWith('0.10', [TRIM])], {}, openGate);
      const params = { ...ASKED, stream };
      const answer = await rig.claude.messages.create(params);
      if (Symbol.asyncIterator in answer) for await (const _event of answer);
      const [arrival] = rig.arrivals;
      if (arrival === undefined) throw new Error('nothing arrived');
      const sent = Number(arrival.body['max_tokens']);
      expect(roomAt(arrival)).toBeGreaterThanOrEqual(0n);
      expect(roomAt(arrival)).toBeLessThan(OPUS_OUTPUT_NANO_USD);
      expect(arrival.body).toEqual({ ...params, max_tokens: sent });
      expect(params).toEqual({ ...ASKED, stream });
      expect(heldOf(await rig.balancesAtEnd())).toEqual([0n]);
      expect(rig.notices.map(({ changes }) => changes)).toEqual([[{ step: 'trim', from: 10_000, to: sent }]]);
      expect(rig.events.map(({ status }) => status)).toEqual(['ok']);
      expect(rig.denials).toEqual([]);
    },
  );
});

describe('a trim', () => {
  it.each<[string, LadderStep, object]>([
    ['its floor', { step: 'trim', minOutputTokens: 6_000 }, {}],
    ['what thinking may take', TRIM, { thinking: { type: 'enabled', budget_tokens: 6_000 } }],
  ])('never goes below %s: the call is denied, unsent, and nothing stays held', async (_what, step, more) => {
    const rig = await ladderRig([budgetWith('0.10', [step])]);
    await expect(rig.claude.messages.create({ ...ASKED, ...more })).rejects.toThrow(BudgetExceededError);
    expect(rig.arrivals).toEqual([]);
    expect(rig.denials).toHaveLength(1);
    expect(rig.notices).toEqual([]);
    expect(heldOf(await rig.balancesAtEnd())).toEqual([0n]);
  });

  it('fits a budget in tokens by tokens, and what was billed of them is charged', async () => {
    const budget = budgetWith('0', [TRIM], { measure: 'tokens', limit: 5_000n });
    const rig = await ladderRig([budget]);
    await rig.claude.messages.create(ASKED);
    const [arrival] = rig.arrivals;
    expect(Number(arrival?.body['max_tokens'])).toBeGreaterThanOrEqual(1_000);
    expect(arrival?.balances).toMatchObject([{ held: 5_000n }]);
    const billed = rig.events.map(billedTokens);
    expect(await rig.balancesAtEnd()).toMatchObject([{ spent: billed[0], held: 0n }]);
    expect(billed[0]).toBeGreaterThan(0n);
  });

  it('leaves thinking its room where both fit', async () => {
    const rig = await ladderRig([budgetWith('0.10', [TRIM])]);
    const thinking = { type: 'enabled' as const, budget_tokens: 4_400 };
    await rig.claude.messages.create({ ...ASKED, thinking });
    expect(Number(rig.arrivals[0]?.body['max_tokens'])).toBeGreaterThan(4_400);
    expect(rig.arrivals[0]?.body['thinking']).toEqual(thinking);
  });

  it('counts what fallbacks may write, too: the trimmed hold still fits', async () => {
    const rig = await ladderRig([budgetWith('0.10', [TRIM])]);
    const fallbacks = [{ model: 'claude-sonnet-5-5' }];
    await rig.claude.post('/v1/messages', { body: { ...ASKED, fallbacks } });
    const [arrival] = rig.arrivals;
    if (arrival === undefined) throw new Error('nothing arrived');
    expect(roomAt(arrival)).toBeGreaterThanOrEqual(0n);
    expect(roomAt(arrival)).toBeLessThan(2n * OPUS_OUTPUT_NANO_USD);
  });
});

describe('standard speed', () => {
  it('takes fast mode off, and nothing else', async () => {
    const rig = await ladderRig([budgetWith('0.25', [STANDARD_SPEED])]);
    await rig.claude.beta.messages.create(FAST);
    const { betas: _header, ...body } = FAST;
    expect(rig.arrivals.map((arrival) => arrival.body)).toEqual([{ ...body, speed: 'standard' }]);
    expect(rig.notices.map(({ changes }) => changes)).toEqual([
      [{ step: 'standard-speed', from: 'fast', to: 'standard' }],
    ]);
  });
});

describe('a downgrade', () => {
  it('asks the named model: estimated, held, charged and recorded as that one, on its budgets', async () => {
    const ofOpus = budgetWith('0.10', [DOWNGRADE], { id: 'opus', scope: { model: OPUS } });
    const ofHaiku = budgetWith('1', undefined, { id: 'haiku', scope: { model: HAIKU } });
    const rig = await ladderRig([ofOpus, ofHaiku]);
    const answer = await rig.claude.messages.create(ASKED);
    expect(answer.model).toBe(HAIKU);
    expect(rig.arrivals[0]?.body).toEqual({ ...ASKED, model: HAIKU });
    const [opusHeld, haikuHeld] = heldOf(rig.arrivals[0]?.balances ?? []);
    expect([opusHeld, (haikuHeld ?? 0n) > 0n]).toEqual([0n, true]);
    // 100 tokens at $0.10 and 20 at $0.50 per million.
    expect((await rig.balancesAtEnd()).map(({ spent }) => spent)).toEqual([0n, 20_000n]);
    const changes = [{ step: 'downgrade', from: OPUS, to: HAIKU }];
    expect(rig.events).toMatchObject([{ requestModel: HAIKU, ladderSteps: changes }]);
    expect(rig.notices[0]?.changes).toEqual(changes);
  });

  it('takes off what the other model cannot do: its speed, and more output than it writes', async () => {
    const older: LadderStep = { step: 'downgrade', model: 'claude-3-haiku-20240307' };
    const rig = await ladderRig([budgetWith('0.10', [older])], { clock: inMarch2026() });
    await rig.claude.beta.messages.create({ ...FAST, model: 'claude-opus-4-6' });
    expect(rig.arrivals[0]?.body).toMatchObject({
      model: 'claude-3-haiku-20240307',
      speed: 'standard',
      max_tokens: 4_096,
    });
    expect(rig.notices[0]?.changes.map(({ step }) => step)).toEqual(['downgrade', 'standard-speed', 'trim']);
  });

  it.each<[string, string, object]>([
    ['the same model', OPUS, {}],
    ['a dearer one', 'claude-fable-5-1', {}],
    ['one that the prices do not know', 'claude-next-7', {}],
    ['one of Bedrock’s names elsewhere', `global.anthropic.${HAIKU}`, {}],
    [
      'one whose thinking would not fit its output',
      'claude-3-haiku-20240307',
      { model: 'claude-opus-4-6', thinking: { type: 'enabled', budget_tokens: 5_000 } },
    ],
  ])('is passed over where it names %s', async (_what, model, more) => {
    const clock = 'thinking' in more ? inMarch2026() : systemClock;
    const rig = await ladderRig([budgetWith('0.10', [{ step: 'downgrade', model }])], { clock });
    await expect(rig.claude.messages.create({ ...ASKED, ...more })).rejects.toThrow(BudgetExceededError);
    expect(rig.arrivals).toEqual([]);
  });

  it('reaches Bedrock by Bedrock’s name, in the address that the client signs', async () => {
    const name = `global.anthropic.${HAIKU}`;
    const rig = await ladderRig([budgetWith('0.10', [DOWNGRADE, { step: 'downgrade', model: name }])]);
    const wire: string[] = [];
    const bedrock = new AnthropicBedrock({
      ...{ awsRegion: 'eu-west-1', awsAccessKey: 'AKIATEST', awsSecretKey: 'secret', logLevel: 'off' },
      fetch: async (input, init) => {
        wire.push(String(input), String(init?.body));
        return fetch(`${rig.baseUrl}/invoke`, { method: 'POST', body: JSON.stringify({ model: HAIKU }) });
      },
    });
    const metered = wrapClient(bedrock, rig.middleware);
    await metered.messages.create({ ...ASKED, model: `global.anthropic.${OPUS}` });
    expect(wire[0]).toContain(`/model/${name}/invoke`);
    expect(JSON.parse(wire[1] ?? '')).toMatchObject({ max_tokens: 10_000 });
  });
});

describe('ladders', () => {
  it('are walked in their order, each step from what the one before it made', async () => {
    const rig = await ladderRig([budgetWith('0.003', [TRIM, STANDARD_SPEED, DOWNGRADE, TRIM])]);
    await rig.claude.beta.messages.create(FAST);
    const changes = rig.notices[0]?.changes ?? [];
    // Not even the floor fits on the dearer model, so the first trim is passed over.
    expect(changes.map(({ step }) => step)).toEqual(['standard-speed', 'downgrade', 'trim']);
    const sent = changes.at(-1)?.to;
    expect(rig.arrivals[0]?.body).toMatchObject({ model: HAIKU, speed: 'standard', max_tokens: sent });
    expect(rig.notices[0]).toMatchObject({
      attemptId: rig.events[0]?.eventId,
      attribution: { feature: 'chat' },
    });
  });

  it('belong to the budget that refuses; where several do, each brings its own, and the call fits all', async () => {
    const whole = budgetWith('0.05', [TRIM], { id: 'whole', scope: {} });
    const rig = await ladderRig([budgetWith('0.10', [TRIM]), whole]);
    await rig.claude.messages.create(ASKED);
    const [arrival] = rig.arrivals;
    if (arrival === undefined) throw new Error('nothing arrived');
    expect(roomAt(arrival, 0)).toBeGreaterThanOrEqual(nanoFromUsd('0.05'));
    expect(roomAt(arrival, 1)).toBeGreaterThanOrEqual(0n);
    expect(roomAt(arrival, 1)).toBeLessThan(OPUS_OUTPUT_NANO_USD);
    expect(heldOf(await rig.balancesAtEnd())).toEqual([0n, 0n]);
  });

  it('do not speak for a budget without one: it denies, with its own numbers, and all is let go', async () => {
    const strict = budgetWith('0.05', undefined, { id: 'strict', scope: {} });
    const rig = await ladderRig([budgetWith('0.10', [TRIM]), strict]);
    const error = await rig.claude.messages.create(ASKED).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BudgetExceededError);
    expect((error as BudgetExceededError).denial.budgetId).toBe('strict');
    expect(rig.denials.map(({ budgetId }) => budgetId)).toEqual(['strict']);
    expect(heldOf(await rig.balancesAtEnd())).toEqual([0n, 0n]);
  });

  it('are left alone by a call or a meter that says so', async () => {
    const byCall = await ladderRig([budgetWith('0.10', [TRIM])]);
    await expect(byCall.claude.messages.create(ASKED, { ladder: false })).rejects.toThrow(
      BudgetExceededError,
    );
    const byMeter = await ladderRig([budgetWith('0.10', [TRIM])], { ladder: false });
    await expect(byMeter.claude.messages.create(ASKED)).rejects.toThrow(BudgetExceededError);
    expect([...byCall.arrivals, ...byMeter.arrivals]).toEqual([]);
  });

  it('tell the caller as well, whose listener cannot break the call', async () => {
    const rig = await ladderRig([budgetWith('0.10', [TRIM])]);
    const told: LadderNotice[] = [];
    const onLadder = (notice: LadderNotice) => {
      told.push(notice);
      throw new Error('listener');
    };
    await rig.claude.messages.create(ASKED, { onLadder });
    expect(told).toEqual(rig.notices);
    expect(heldOf(await rig.balancesAtEnd())).toEqual([0n]);
  });

  it('stand in the row of a process that died meanwhile, too', async () => {
    const rig = await ladderRig([budgetWith('0.10', [DOWNGRADE])]);
    await rig.claude.messages.create(ASKED);
    const [intent] = rig.intents.map((told) => callIntentSchema.parse(callIntentSchema.encode(told)));
    if (intent === undefined) throw new Error('no intent was written down');
    const configuration = { priceBook: builtinPriceBook, snapshot: emptyConfiguration('acme') };
    expect(unknownOutcome(intent, configuration)).toMatchObject({
      requestModel: HAIKU,
      ladderSteps: [{ step: 'downgrade', from: OPUS, to: HAIKU }],
    });
  });

  it('stand on the span of the call', async () => {
    const tracer = new BasicTracerProvider().getTracer('test');
    const span = tracer.startSpan('call') as Span;
    const loadOpenTelemetry = async () => ({ ...otel, trace: { getActiveSpan: () => span } });
    const rig = await ladderRig([budgetWith('0.10', [DOWNGRADE])], { loadOpenTelemetry });
    await rig.claude.messages.create(ASKED);
    expect(span.attributes).toMatchObject({
      'tallygate.ladder.steps': ['downgrade'],
      'tallygate.ladder.from': [OPUS],
      'tallygate.ladder.to': [HAIKU],
    });
  });

  it('change nothing where budgets are only observed', async () => {
    const rig = await ladderRig([budgetWith('0.10', [TRIM])], { mode: 'observe' });
    await rig.claude.messages.create(ASKED);
    expect(rig.arrivals[0]?.body).toEqual(ASKED);
    expect(rig.notices).toEqual([]);
    expect(rig.denials.map(({ enforced }) => enforced)).toEqual([false]);
  });

  it('are none for batches: one that does not fit is denied', async () => {
    const rig = await ladderRig([budgetWith('0.05', [TRIM, DOWNGRADE])]);
    const creation = rig.claude.messages.batches.create({ requests: [{ custom_id: 'a', params: ASKED }] });
    await expect(creation).rejects.toThrow(BudgetExceededError);
    expect(rig.arrivals).toEqual([]);
  });

  it('hold nothing when the gate goes away between two steps', async () => {
    let asked = 0;
    const rig = await ladderRig([budgetWith('0.10', [TRIM])], {
      gate: (real) => ({
        ...real,
        async reserve(request) {
          asked += 1;
          if (asked > 1) throw new TallygateError('TALLYGATE_GATE_UNAVAILABLE', { message: 'gone' });
          return real.reserve(request);
        },
      }),
    });
    await expect(rig.claude.messages.create(ASKED)).rejects.toMatchObject({
      code: 'TALLYGATE_GATE_UNAVAILABLE',
    });
    expect(rig.arrivals).toEqual([]);
    expect(heldOf(await rig.balancesAtEnd())).toEqual([0n]);
  });
});

describe('tally.fetch', () => {
  const TEXT = `{"id": 9007199254740993, ${JSON.stringify(ASKED).slice(1)}`;
  const headers = { 'content-type': 'application/json' };

  it.each<[string, (url: string) => Parameters<typeof fetch>]>([
    ['text', (url) => [url, { method: 'POST', headers, body: TEXT }]],
    ['bytes', (url) => [url, { method: 'POST', headers, body: new TextEncoder().encode(TEXT) }]],
    ['a Request', (url) => [new Request(url, { method: 'POST', headers, body: TEXT })]],
    [
      'text with its length stated',
      (url) => [
        url,
        { method: 'POST', headers: { ...headers, 'content-length': `${TEXT.length}` }, body: TEXT },
      ],
    ],
  ])('sends the changed body of %s, all else byte for byte', async (_form, call) => {
    const rig = await ladderRig([budgetWith('0.10', [TRIM])]);
    const response = await rig.meteredFetch(...call(`${rig.baseUrl}/v1/messages`));
    expect((await response.json()) as object).toMatchObject({ model: OPUS });
    const to = rig.notices[0]?.changes[0]?.to;
    expect(rig.arrivals.map(({ text }) => text)).toEqual([TEXT.replace('10000', String(to))]);
  });
});

/** When the oldest models were still sold. */
function inMarch2026() {
  const nowMs = () => Date.UTC(2026, 2, 2);
  return { nowMs, monotonicMs: () => performance.now() };
}

import type { APIRequest, MiddlewareContext } from '@anthropic-ai/sdk';
import { createMemoryGate } from '@tallygate/gate';
import { createConfigurationCache, createMeter } from '@tallygate/meter';
import {
  BudgetExceededError,
  type BudgetGate,
  type NanoUsd,
  silentLogger,
  systemClock,
} from '@tallygate/usage';
import { budgetOf, snapshotOf } from '../../contract/gate-fixtures.ts';

/** How much of a budget is spent when its gate first denies: a real meter, a real gate, a provider made of numbers. */
export interface Load {
  inFlight: number;
  limitNanoUsd: NanoUsd;
  maxTokens: number;
  /** By how much calls in flight may pass the limit at their worst. */
  overageBasisPoints: number;
  /** Of the next answer; also the order in which calls end. Uniform in [0, 1). */
  random(): number;
}

export interface FirstDenial {
  spentNanoUsd: NanoUsd;
  /** Once all that were in flight have ended. */
  finallySpentNanoUsd: NanoUsd;
  calls: number;
}

const ORGANIZATION = 'utilisation';
const MODEL = 'claude-sonnet-4-5';
const PROMPT_TOKENS = 12;
/** Nano-USD per token of this model, as its price list says. */
const PROMPT_NANO_USD = 3_000n;
const OUTPUT_NANO_USD = 15_000n;
/** Log-normal, as answers of people's assistants are: half are shorter than this. */
const MEDIAN_OUTPUT_TOKENS = 270;

interface Call {
  costNanoUsd: NanoUsd;
  /** The provider answers; resolves when the charge is settled. */
  finish(): Promise<void>;
}

export async function firstDenial(load: Load): Promise<FirstDenial> {
  const provider = await openMeter(load);
  const flying: Call[] = [];
  let spentNanoUsd = 0n;
  const end = async (index: number): Promise<void> => {
    const [call] = flying.splice(index, 1);
    await call?.finish();
    spentNanoUsd += call?.costNanoUsd ?? 0n;
  };
  for (let calls = 0; ; calls += 1) {
    if (flying.length === load.inFlight) await end(Math.floor(load.random() * flying.length));
    const outputTokens = outputTokensOf(load);
    const finish = await provider.begin(outputTokens);
    if (finish !== null) {
      flying.push({ costNanoUsd: costOf(outputTokens), finish });
      continue;
    }
    const atDenialNanoUsd = spentNanoUsd;
    while (flying.length > 0) await end(0);
    await provider.close();
    return { spentNanoUsd: atDenialNanoUsd, finallySpentNanoUsd: spentNanoUsd, calls };
  }
}

function costOf(outputTokens: number): NanoUsd {
  return BigInt(PROMPT_TOKENS) * PROMPT_NANO_USD + BigInt(outputTokens) * OUTPUT_NANO_USD;
}

function outputTokensOf({ random, maxTokens }: Load): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.min(maxTokens, Math.ceil(MEDIAN_OUTPUT_TOKENS * Math.exp(normal)));
}

async function openMeter({ limitNanoUsd, maxTokens, overageBasisPoints }: Load) {
  const gate = createMemoryGate({ organization: ORGANIZATION, clock: systemClock });
  await gate.publish(
    snapshotOf(ORGANIZATION, 1, [budgetOf('all', limitNanoUsd, { period: 'year', overageBasisPoints })]),
  );
  const settled: (() => void)[] = [];
  const judging: BudgetGate = {
    ...gate,
    settle: async (request) => {
      const reply = await gate.settle(request);
      settled.shift()?.();
      return reply;
    },
  };
  const meter = meterOn(judging);
  return {
    /** Null when it is denied. */
    async begin(outputTokens: number): Promise<(() => Promise<void>) | null> {
      const [sent, answer] = [event<null>(), event<Response>()];
      const send = () => {
        sent.happen(null);
        return answer.happened;
      };
      const response = meter.middleware(requestOf(maxTokens), send, {} as MiddlewareContext);
      const denied = await Promise.race([sent.happened, response.catch((error: unknown) => error)]);
      if (denied instanceof BudgetExceededError) return null;
      if (denied !== null) throw denied;
      return async () => {
        const charged = event<void>();
        settled.push(charged.happen);
        answer.happen(messageOf(outputTokens));
        await (await response).text();
        await charged.happened;
      };
    },
    close: () => meter.close(),
  };
}

function event<Value>() {
  let happen: (value: Value) => void = () => {};
  const happened = new Promise<Value>((resolve) => {
    happen = resolve;
  });
  return { happened, happen };
}

function meterOn(gate: BudgetGate) {
  const configuration = createConfigurationCache({ gate, organization: ORGANIZATION, logger: silentLogger });
  const sink = {
    recordIntent: () => undefined,
    recordOutcome: () => undefined,
    recordSettlement: () => undefined,
    recordDenial: () => undefined,
    recordedEvents: 0,
    flush: async () => ({ stored: 0, pending: 0 }),
    close: async () => undefined,
  };
  return createMeter({
    mode: 'enforce',
    clock: systemClock,
    logger: silentLogger,
    apiKeyId: null,
    pseudonymKey: null,
    defaults: { team: 'support', feature: 'chat', environment: 'test' },
    ports: async () => ({ gate, sink, configuration }),
  });
}

function requestOf(maxTokens: number): APIRequest {
  const body = { model: MODEL, max_tokens: maxTokens, messages: [{ role: 'user', content: 'How are you?' }] };
  const url = 'https://api.anthropic.com/v1/messages';
  return { url, method: 'POST', headers: new Headers(), body: JSON.stringify(body) } as APIRequest;
}

function messageOf(outputTokens: number): Response {
  const usage = { input_tokens: PROMPT_TOKENS, output_tokens: outputTokens };
  const told = {
    type: 'message',
    role: 'assistant',
    model: MODEL,
    content: [],
    stop_reason: 'end_turn',
    usage,
  };
  const headers = { 'content-type': 'application/json' };
  return new Response(JSON.stringify({ id: 'msg_simulated', ...told }), { headers });
}

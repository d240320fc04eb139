import { builtinPriceBook } from '@tallygate/pricing';
import { FAULT_HEADER, OUTPUT_TOKENS_HEADER } from '@tallygate/simulator';
import { runReconciliation } from 'tallygate';
import { describe, expect, it } from 'vitest';
import { historyOver } from './event-history.ts';
import {
  DAY_1,
  DAY_MS,
  FOREIGN,
  METERED,
  type MeteredSimulator,
  MINUTE_MS,
  meteredSimulator,
  ORGANIZATION,
  picoFromUsd,
} from './metered-simulator.ts';

/**
 * The provider here counts and prices by arithmetic of its own, and shares no code with the meter, the price book or the
 * reconciliation. That both sides meet to the pico is the proof; nothing is compared with itself.
 */
const MODELS = ['claude-opus-5-5', 'claude-haiku-5-5', 'claude-haiku-4-5', 'claude-fable-5-2'];

const ask = (model: string, index = 0) => ({
  model,
  max_tokens: 200,
  messages: [{ role: 'user' as const, content: `question ${index}: ${'why '.repeat(index * 7)}` }],
});

async function reconcileDay({ adminApi, events, clock }: MeteredSimulator) {
  const { history, reports } = historyOver(events);
  const result = await runReconciliation({
    history,
    adminApi,
    organization: ORGANIZATION,
    fromMs: DAY_1,
    toMs: DAY_1 + DAY_MS,
    priceBook: builtinPriceBook,
    clock,
  });
  return { result, reports };
}

async function ordinaryTraffic({ claude, moveTo }: MeteredSimulator): Promise<void> {
  for (const [index, model] of MODELS.entries()) {
    moveTo(DAY_1 + (10 + index) * MINUTE_MS);
    await claude.messages.create(ask(model, index));
    await claude.messages.stream(ask(model, index + 10)).finalMessage();
  }
}

/** Its tokens are longer than the estimate of a broken stream takes them to be, so estimate and truth are sure to differ. */
const ABORTED_MODEL = 'claude-sonnet-4-6';

/** An answer whose connection breaks in the middle, alone in its minute. */
async function abortedCall(
  { claude, moveTo, events, settled }: MeteredSimulator,
  minute: number,
): Promise<void> {
  moveTo(DAY_1 + minute * MINUTE_MS);
  const before = events.length;
  const headers = { [OUTPUT_TOKENS_HEADER]: '150', [FAULT_HEADER]: 'cut' };
  await claude.messages
    .stream(ask(ABORTED_MODEL, minute), { headers })
    .finalMessage()
    .catch(() => undefined);
  await settled();
  expect(events[before]).toMatchObject({ status: 'aborted', basis: 'estimated' });
}

/** Late enough for every bucket to count. */
async function nextDay({ moveTo, settled }: MeteredSimulator): Promise<void> {
  await settled();
  moveTo(DAY_1 + DAY_MS + 6 * 3_600_000);
}

describe('metered calls against the bill of a provider', () => {
  it('agree to the pico when everything was seen: tokens equal, rounding the only cause there can be', async () => {
    const world = await meteredSimulator();
    await ordinaryTraffic(world);
    await nextDay(world);
    const { result, reports } = await reconcileDay(world);
    expect(result.billedPicoUsd).toBe(picoFromUsd(world.simulator.served().billedUsd));
    expect(result.billedPicoUsd).toBeGreaterThan(0n);
    expect(result.verdicts.tokens).toBe('agrees');
    expect(result.residualPicoUsd).toBe(0n);
    expect(result.unexplained).toEqual([]);
    expect(result.causes.every(({ cause }) => cause === 'rounding')).toBe(true);
    expect(reports).toHaveLength(1);
  });

  it('explain an answer that was cut by the true tokens of its minute', async () => {
    const world = await meteredSimulator();
    await ordinaryTraffic(world);
    await abortedCall(world, 100);
    await abortedCall(world, 200);
    await nextDay(world);
    const { result } = await reconcileDay(world);
    const aborted = result.causes.find(({ cause }) => cause === 'aborted_estimate');
    expect(aborted?.evidence.map(({ fromMs, apiKeyId }) => [fromMs, apiKeyId])).toEqual([
      [DAY_1 + 100 * MINUTE_MS, METERED.id],
      [DAY_1 + 200 * MINUTE_MS, METERED.id],
    ]);
    expect(aborted?.amountPicoUsd).not.toBe(0n);
    expect(result).toMatchObject({
      residualPicoUsd: 0n,
      unexplained: [],
      verdicts: { tokens: 'explained', money: 'explained' },
    });
  });

  it('explain an answer that was cut beside a whole one by what the whole one leaves of their minute', async () => {
    const world = await meteredSimulator();
    await abortedCall(world, 100);
    await world.claude.messages.create(ask(ABORTED_MODEL));
    await nextDay(world);
    const { result } = await reconcileDay(world);
    expect(result.causes.find(({ cause }) => cause === 'aborted_estimate')?.attempts).toBe(1);
    expect(result).toMatchObject({ residualPicoUsd: 0n, unexplained: [], verdicts: { tokens: 'explained' } });
  });

  it('explain usage on a key that no meter sits on', async () => {
    const world = await meteredSimulator();
    await ordinaryTraffic(world);
    await world.stranger.messages.create(ask('claude-opus-5-5', 3));
    await nextDay(world);
    const { result } = await reconcileDay(world);
    const unmetered = result.causes.find(({ cause }) => cause === 'unmetered_key');
    expect(unmetered?.evidence).toMatchObject([{ apiKeyId: FOREIGN.id, model: 'claude-opus-5-5' }]);
    expect(result).toMatchObject({
      residualPicoUsd: 0n,
      verdicts: { tokens: 'explained', money: 'explained' },
    });
  });

  it('explain a contract discount line by line, whatever else differs', async () => {
    const world = await meteredSimulator({ discountPercent: 15 });
    await ordinaryTraffic(world);
    await abortedCall(world, 100);
    await world.stranger.messages.create(ask('claude-opus-5-5', 3));
    await nextDay(world);
    const { result } = await reconcileDay(world);
    expect(result.billedPicoUsd).toBe(picoFromUsd(world.simulator.served().billedUsd));
    const amounts = Object.fromEntries(
      result.causes.map(({ cause, amountPicoUsd }) => [cause, amountPicoUsd]),
    );
    const { discount = 0n } = amounts;
    // 85 of 100 are billed, and fractions of a pico-USD are the customer's.
    const listPicoUsd = result.billedPicoUsd - discount;
    expect((listPicoUsd * 85n) / 100n - result.billedPicoUsd).toBeLessThan(100n);
    expect(Object.keys(amounts)).toEqual(
      expect.arrayContaining(['aborted_estimate', 'discount', 'unmetered_key']),
    );
    expect(result).toMatchObject({ residualPicoUsd: 0n, unexplained: [] });
  });

  it.each(['0.000000000001', '0.0137', '12.5'])(
    'leave %s USD that nothing explains as the residual',
    async (extra) => {
      const world = await meteredSimulator({ extraBilledUsd: extra });
      await ordinaryTraffic(world);
      await abortedCall(world, 100);
      await world.stranger.messages.create(ask('claude-opus-5-5', 3));
      await nextDay(world);
      const { result } = await reconcileDay(world);
      expect(result.residualPicoUsd).toBe(picoFromUsd(extra));
      expect(result.verdicts).toMatchObject({ tokens: 'explained', money: 'differs' });
    },
  );

  it('are not explained while the minutes are young, and are once they are not', async () => {
    const world = await meteredSimulator();
    await abortedCall(world, 100);
    world.moveTo(DAY_1 + 105 * MINUTE_MS);
    const early = await reconcileDay(world);
    expect(early.result.unexplained).toMatchObject([{ reason: 'too_fresh' }]);
    expect(early.result.days).toMatchObject([{ state: 'open' }]);
    world.moveTo(DAY_1 + 112 * MINUTE_MS);
    expect((await reconcileDay(world)).result).toMatchObject({ residualPicoUsd: 0n, unexplained: [] });
  });
});

import Anthropic from '@anthropic-ai/sdk';
import { createMemoryGate } from '@tallygate/gate';
import { createConfigurationCache, wrapClient } from '@tallygate/meter';
import { builtinPriceBookDocument, type PriceBookDocument } from '@tallygate/pricing';
import {
  type BudgetGate,
  type ConfigurationSnapshot,
  emptyConfiguration,
  silentLogger,
  systemClock,
  type UsageEvent,
} from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import {
  MESSAGE,
  MESSAGE_COST_NANO_USD,
  MODEL,
  message,
  meterRig,
  scriptedProvider,
} from '../../contract/metered-fixtures.ts';

const organization = 'acme';
const PARAMS = { model: MODEL, max_tokens: 50, messages: [{ role: 'user' as const, content: 'hi' }] };

function rig(answer = message) {
  const { meter, gate, events } = meterRig();
  const { fetch } = scriptedProvider([answer]);
  const claude = wrapClient(new Anthropic({ apiKey: 'test', logLevel: 'off', fetch }), meter.middleware);
  return { claude, gate, events, close: () => meter.close() };
}

describe('published prices', () => {
  /** The built-in book with another input rate for the model of these tests. */
  const bookAt = (input: string): PriceBookDocument => ({
    ...builtinPriceBookDocument,
    prices: builtinPriceBookDocument.prices.map((row) =>
      row.model === MODEL && row.promptTokensAbove === undefined
        ? { ...row, priceId: `${row.priceId}/published`, usdPerMtok: { ...row.usdPerMtok, input } }
        : row,
    ),
  });
  const publish = async (gate: BudgetGate, changes: Partial<ConfigurationSnapshot>) => {
    const live = await gate.configuration();
    await gate.publish({ ...live, ...changes, version: live.version + 1 });
  };
  const lineOf = (event: UsageEvent | undefined) => event?.lines[0];

  it('prices the next call by a book that was published in between, without a restart', async () => {
    const { claude, gate, events, close } = rig();
    await claude.messages.create(PARAMS);
    await publish(gate, { priceBook: bookAt('0.30') });
    await claude.messages.create(PARAMS);
    await close();
    expect(events.map(({ configVersion }) => configVersion)).toEqual([0, 1]);
    expect(lineOf(events[0])).toMatchObject({ listCostNanoUsd: MESSAGE_COST_NANO_USD });
    expect(lineOf(events[1])).toMatchObject({
      listCostNanoUsd: MESSAGE_COST_NANO_USD + 200_000n,
      priceId: 'claude-haiku-5-5@2026-10-07/published',
    });
  });

  it('keeps the last good book where the published one does not parse: calls go on, with the rest of the publication', async () => {
    const { claude, gate, events, close } = rig();
    await publish(gate, { priceBook: bookAt('0.30') });
    await claude.messages.create(PARAMS);
    await publish(gate, { priceBook: { version: 1, prices: 'none' } });
    await publish(gate, { priceBook: { version: 2 } });
    await claude.messages.create(PARAMS);
    await publish(gate, { priceBook: bookAt('0.40') });
    await claude.messages.create(PARAMS);
    const { budgets } = await gate.configuration();
    const tiny = budgets.map((budget) => ({ ...budget, limit: 1_000n }));
    await publish(gate, { priceBook: 'broken', budgets: tiny });
    await expect(claude.messages.create(PARAMS)).rejects.toMatchObject({ code: 'TALLYGATE_BUDGET_EXCEEDED' });
    await close();
    expect(events.map((event) => [event.configVersion, lineOf(event)?.listCostNanoUsd])).toEqual([
      [1, MESSAGE_COST_NANO_USD + 200_000n],
      [3, MESSAGE_COST_NANO_USD + 200_000n],
      [4, MESSAGE_COST_NANO_USD + 300_000n],
    ]);
  });

  it('never hands a book that does not parse to the copy that a later process starts from', async () => {
    const kept: ConfigurationSnapshot[] = [];
    const gate = createMemoryGate({ organization, clock: systemClock });
    const options = { gate, organization, logger: silentLogger };
    const onLoaded = (snapshot: ConfigurationSnapshot) => void kept.push(snapshot);
    const cache = createConfigurationCache({ ...options, onLoaded });
    await publish(gate, { priceBook: bookAt('0.30') });
    await cache.current();
    await publish(gate, { priceBook: 'broken' });
    await cache.reload();
    expect(kept.map(({ version, priceBook }) => [version, priceBook])).toEqual([
      [1, bookAt('0.30')],
      [2, bookAt('0.30')],
    ]);
    const broken = { ...emptyConfiguration(organization), version: 2, priceBook: 'broken' };
    const later = createConfigurationCache({ ...options, lastGood: broken });
    expect((await later.current()).priceBook.asOf).toBe(builtinPriceBookDocument.asOf);
  });

  it('charges budgets what the contract says and records list beside it, with the hold made of the same', async () => {
    const { claude, gate, events, close } = rig();
    await publish(gate, {
      contractPrices: [{ id: 'frame', discountPercent: '10', source: 'order form' }],
    });
    await claude.messages.create(PARAMS);
    await close();
    expect(lineOf(events[0])).toMatchObject({
      listCostNanoUsd: MESSAGE_COST_NANO_USD,
      contractedCostNanoUsd: 99_000n,
      flags: ['contract:frame'],
    });
    expect(await gate.balances()).toMatchObject([{ spent: 99_000n, held: 0n }]);
  });
});

describe('what a newer provider reports', () => {
  it('is kept raw and flagged, and the call is charged all the same', async () => {
    const usage = {
      ...MESSAGE.usage,
      service_tier: 'flex',
      cache_creation: { ephemeral_1d_input_tokens: 0 },
    };
    const answer = { ...MESSAGE, stop_reason: 'budget_reached', usage };
    const { claude, events, close } = rig(() => Response.json(answer));
    await claude.messages.create(PARAMS);
    await close();
    expect(events[0]).toMatchObject({
      status: 'ok',
      stopReason: 'budget_reached',
      unknownUsage: {
        service_tier: 'flex',
        stop_reason: 'budget_reached',
        'cache_creation.ephemeral_1d_input_tokens': 0,
      },
      lines: [
        {
          contractedCostNanoUsd: MESSAGE_COST_NANO_USD,
          flags: ['unknown_service_tier', 'unknown_stop_reason'],
        },
      ],
    });
  });
});

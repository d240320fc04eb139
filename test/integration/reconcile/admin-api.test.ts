import { createAdminApi } from '@tallygate/admin-api';
import { DEFAULT_API_KEY } from '@tallygate/simulator';
import { describe, expect, it } from 'vitest';
import {
  DAY_1,
  DAY_MS,
  FOREIGN,
  METERED,
  MINUTE_MS,
  meteredSimulator,
  picoFromUsd,
} from './metered-simulator.ts';

const ask = (model: string, text = 'hi') => ({
  model,
  max_tokens: 40,
  messages: [{ role: 'user' as const, content: text }],
});

describe('the reports of a provider over HTTP', () => {
  it('add up to the bill, whatever they are grouped by', async () => {
    const { claude, stranger, adminApi, simulator, settled } = await meteredSimulator();
    await claude.messages.create(ask('claude-opus-5-5'));
    await claude.messages.create(ask('claude-haiku-4-5'));
    await stranger.messages.create({ ...ask('claude-sonnet-5-5'), inference_geo: 'us' });
    await settled();
    const billedPicoUsd = picoFromUsd(simulator.served().billedUsd);
    expect(billedPicoUsd).toBeGreaterThan(0n);
    const range = { fromMs: DAY_1 - 2 * DAY_MS, toMs: DAY_1 + DAY_MS };
    for (const groupBy of [[], ['description'], ['workspace_id'], ['workspace_id', 'description']] as const) {
      const days = await adminApi.costs({ ...range, groupBy: [...groupBy] });
      expect(days).toHaveLength(3);
      const sum = days.flatMap(({ rows }) => rows).reduce((total, row) => total + row.amountPicoUsd, 0n);
      expect(sum).toBe(billedPicoUsd);
    }
  });

  it('count every token of every response once, by key and model, to the minute', async () => {
    const { claude, stranger, adminApi, moveTo, settled } = await meteredSimulator();
    moveTo(DAY_1 + 61 * MINUTE_MS);
    const ours = await claude.messages.create(ask('claude-opus-5-5'));
    moveTo(DAY_1 + 63 * MINUTE_MS);
    const theirs = await stranger.messages.create(ask('claude-opus-5-5'));
    await settled();
    const minutes = await adminApi.messagesUsage({
      fromMs: DAY_1 + 60 * MINUTE_MS,
      toMs: DAY_1 + 64 * MINUTE_MS,
      bucketWidth: '1m',
      groupBy: ['api_key_id', 'model', 'speed', 'workspace_id'],
    });
    const group = { model: 'claude-opus-5-5', speed: 'standard', workspace_id: null };
    const row = (api_key_id: string, usage: typeof ours.usage) =>
      expect.objectContaining({
        group: { ...group, api_key_id },
        usage: expect.objectContaining({
          uncachedInputTokens: usage.input_tokens,
          outputTokens: usage.output_tokens,
        }),
      });
    expect(minutes.map(({ rows }) => rows)).toEqual([
      [],
      [row(METERED.id, ours.usage)],
      [],
      [row(FOREIGN.id, theirs.usage)],
    ]);
  });

  it('are read over many pages without a gap: nine days of hours, three of minutes', async () => {
    const { adminApi } = await meteredSimulator();
    const hours = { fromMs: DAY_1 - 9 * DAY_MS, toMs: DAY_1, bucketWidth: '1h' as const, groupBy: [] };
    expect(await adminApi.messagesUsage(hours)).toHaveLength(9 * 24);
    const minutes = { ...hours, fromMs: DAY_1 - 3 * DAY_MS, bucketWidth: '1m' as const };
    expect(await adminApi.messagesUsage(minutes)).toHaveLength(3 * 1440);
  });

  it('say the same in both families: tokens, money and requests per key and model', async () => {
    const { claude, stranger, adminApi, simulator, settled } = await meteredSimulator();
    await claude.messages.create(ask('claude-opus-5-5'));
    await claude.messages.create(ask('claude-opus-5-5'));
    await stranger.messages.create({ ...ask('claude-sonnet-5-5'), inference_geo: 'us' });
    await settled();
    const groupBy = ['api_key_id' as const, 'model' as const, 'inference_geo' as const];
    const range = { fromMs: DAY_1 - 40 * DAY_MS, toMs: DAY_1 + DAY_MS, bucketWidth: '1d' as const };
    const legacy = await adminApi.messagesUsage({ ...range, groupBy });
    const { buckets: usage } = await adminApi.analyticsUsage({ ...range, groupBy });
    expect(
      usage.map((day) => ({ ...day, rows: day.rows.map((row) => ({ ...row, requests: null })) })),
    ).toEqual(legacy);
    expect(usage.at(-1)?.rows.map(({ requests }) => requests)).toEqual([1, 2]);
    const { buckets: costs } = await adminApi.analyticsCost({
      ...range,
      groupBy: ['cost_type', 'token_type'],
    });
    const rows = costs.flatMap((day) => day.rows);
    const billedPicoUsd = picoFromUsd(simulator.served().billedUsd);
    expect(rows.reduce((sum, row) => sum + row.amountPicoUsd, 0n)).toBe(billedPicoUsd);
    expect(rows.reduce((sum, row) => sum + (row.listAmountPicoUsd ?? 0n), 0n)).toBe(billedPicoUsd);
  });

  it('list the workspaces, the default one by the id that responses name', async () => {
    const { adminApi, simulator } = await meteredSimulator();
    expect(await adminApi.workspaces()).toEqual([
      { id: simulator.defaultWorkspaceId, name: 'Default', isArchived: false },
    ]);
  });

  it.each([METERED.key, DEFAULT_API_KEY])(
    'open only to the admin key, not to a key of a workspace',
    async (apiKey) => {
      const { url } = await meteredSimulator();
      const asked = createAdminApi({ apiKey, baseUrl: url }).costs({
        fromMs: DAY_1,
        toMs: DAY_1 + DAY_MS,
        groupBy: [],
      });
      await expect(asked).rejects.toMatchObject({ code: 'TALLYGATE_KEY_REJECTED' });
    },
  );

  it('name every key of the organization with the hint that the meter keeps of it', async () => {
    const { claude, adminApi, events, settled } = await meteredSimulator();
    await claude.messages.create(ask('claude-opus-5-5'));
    await settled();
    const keys = await adminApi.apiKeys();
    expect(keys?.map(({ id }) => id)).toEqual([METERED.id, FOREIGN.id]);
    expect(keys?.find(({ id }) => id === METERED.id)?.hint).toBe(events[0]?.apiKeyHint);
  });
});

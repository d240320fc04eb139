import { describe, expect, it } from 'vitest';
import { promptSizeOf } from './estimate-prompt.ts';
import { loopOf } from './estimate-server-side.ts';

const asked = { model: 'claude-sonnet-5-5', maxOutputTokens: 1_000, speed: null };
const loop = (body: Record<string, unknown>, changes: Partial<typeof asked> | { speed: string } = {}) =>
  loopOf(body, { ...asked, ...changes }, promptSizeOf(JSON.stringify(body), body));
const tool = (type: string, extra: object = {}) => ({ tools: [{ type, name: 'x', ...extra }] });

describe('what the provider may do by itself', () => {
  it('is nothing without tools of its own, compaction or fallbacks', () => {
    const mine = {
      tools: [
        { name: 'mine', input_schema: {} },
        { type: 'bash_20250124', name: 'bash' },
      ],
    };
    expect(loop(mine)).toEqual({ webSearchMaxUses: 0, iterations: 1 });
    expect(loop({ context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] } }).serverSide).toBe(
      undefined,
    );
  });

  it.each<[string, object, number, number]>([
    ['web_search_20250305', { max_uses: 2 }, 3, 16_000],
    ['web_search_20250305', {}, 11, 16_000],
    ['web_fetch_20250910', { max_uses: 3, max_content_tokens: 5_000 }, 4, 5_000],
    ['web_fetch_20250910', { max_uses: 1 }, 2, 25_000],
    ['code_execution_20260521', {}, 11, 16_000],
    ['tool_search_tool_bm25_20251119', {}, 11, 16_000],
    ['mcp_toolset', {}, 11, 16_000],
    // These run code between their answers, which no max_uses bounds.
    ['web_search_20260209', { max_uses: 1 }, 11, 16_000],
    // Fifty answers in ten passes are five at a time.
    ['web_search_20250305', { max_uses: 50 }, 11, 80_000],
    ['web_search_20250305', { max_uses: -1 }, 11, 16_000],
    ['web_search_20250305', { max_uses: 1.5 }, 3, 16_000],
  ])('is a loop for %s with %j', (type, extra, iterations, growthTokensPerPass) => {
    expect(loop(tool(type, extra))).toMatchObject({ iterations, serverSide: { growthTokensPerPass } });
  });

  it('pays for every search that the request allows, and ten where it does not say', () => {
    expect(loop(tool('web_search_20260209', { max_uses: 4 })).webSearchMaxUses).toBe(4);
    expect(loop(tool('web_search_20260209')).webSearchMaxUses).toBe(10);
    expect(loop(tool('web_fetch_20250910')).webSearchMaxUses).toBe(0);
  });

  it('adds the answers of several tools up, to where the provider pauses', () => {
    const tools = [
      { type: 'web_search_20250305', max_uses: 2 },
      { type: 'web_fetch_20250910', max_uses: 3 },
    ];
    expect(loop({ tools }).iterations).toBe(6);
    expect(loop({ tools, mcp_servers: [{ type: 'url' }] }).iterations).toBe(11);
  });

  it('asks an advisor as often and as long as stated, in a loop of its own', () => {
    const advisor = { model: 'claude-fable-5-2', max_uses: 2, max_tokens: 2_048, caching: { ttl: '1h' } };
    expect(loop(tool('advisor_20260301', advisor))).toMatchObject({
      iterations: 3,
      serverSide: {
        growthTokensPerPass: 2_048,
        advisors: [{ model: 'claude-fable-5-2', uses: 2, maxOutputTokens: 2_048, cacheWriteTtl: '1h' }],
      },
    });
    const [unbounded] =
      loop(tool('advisor_20260301', { model: 'claude-fable-5-2' })).serverSide?.advisors ?? [];
    expect(unbounded).toMatchObject({ uses: 10, maxOutputTokens: 16_000, cacheWriteTtl: null });
  });

  it('counts the prompt anew for each model, as its own tokenizer would', () => {
    const system = 'word '.repeat(2_000);
    const older = loop({ system, fallbacks: [{ model: 'claude-sonnet-4-6' }] }).serverSide?.fallbacks[0];
    const newer = loop({ system, fallbacks: [{ model: 'claude-opus-5' }] }).serverSide?.fallbacks[0];
    expect((newer?.promptTokens ?? 0) / (older?.promptTokens ?? 0)).toBeCloseTo(2.7 / 2.1, 2);
  });

  it('lets a fallback state its own length and speed, and inherit both', () => {
    const fallbacks = [{ model: 'claude-opus-5-5' }, { model: 'claude-opus-5', max_tokens: 9, speed: null }];
    expect(loop({ fallbacks }, { speed: 'fast' }).serverSide?.fallbacks).toMatchObject([
      { model: 'claude-opus-5-5', maxOutputTokens: 1_000, speed: 'fast' },
      { model: 'claude-opus-5', maxOutputTokens: 9, speed: null },
    ]);
  });

  it('takes a chain that the provider chooses for three models like the one that was asked', () => {
    const chosen = loop({ fallbacks: 'default' }).serverSide?.fallbacks;
    expect(chosen?.map(({ model }) => model)).toEqual(Array(3).fill('claude-sonnet-5-5'));
  });

  it('summarizes before any pass where the request manages its context so', () => {
    const body = { context_management: { edits: [{ type: 'compact_20260112' }] } };
    expect(loop(body)).toMatchObject({ iterations: 1, serverSide: { compacts: true } });
  });
});

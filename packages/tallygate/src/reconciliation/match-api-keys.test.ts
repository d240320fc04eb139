import type { SpendRow } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { matchApiKeys } from './match-api-keys.ts';

const row = (group: SpendRow['group']): SpendRow => ({
  group: { backend: 'anthropic', ...group },
  calls: 1,
  attempts: 1,
  failedAttempts: 0,
  usage: {
    uncachedInputTokens: 0,
    cacheReadInputTokens: 0,
    cacheWrite5mInputTokens: 0,
    cacheWrite1hInputTokens: 0,
    cacheWriteUnsplitInputTokens: 0,
    outputTokens: 0,
    webSearchRequests: 0,
    webFetchRequests: 0,
  },
  listCostNanoUsd: 0n,
  contractedCostNanoUsd: 0n,
  webSearchCostNanoUsd: 0n,
  roundingPicoUsd: 0n,
});
const hinted = row({ apiKeyId: '', apiKeyHint: 'sk-ant-api03-R2D...igAA' });
const idOf = (keys: { id: string; hint: string | null }[], from = hinted) =>
  matchApiKeys([from], keys).idOf(from);

describe('the key behind a row', () => {
  it('is the id that the row carries, whatever its hint fits', () => {
    const named = row({ apiKeyId: 'apikey_own', apiKeyHint: 'sk-ant-api03-R2D...igAA' });
    expect(idOf([{ id: 'apikey_1', hint: 'sk-ant-api03-R2D...igAA' }], named)).toBe('apikey_own');
  });

  it.each([
    'sk-ant-api03-R2D...igAA',
    'sk-ant-api03-R2DxY...igAA',
    'sk-ant-api03...AA',
    'sk-ant-api03-R2D…igAA',
  ])('is the one key whose hint fits, cut at whatever length: %s', (hint) => {
    expect(
      idOf([
        { id: 'apikey_1', hint },
        { id: 'apikey_2', hint: 'sk-ant-api03-Zzz...igAA' },
      ]),
    ).toBe('apikey_1');
  });

  it.each([
    ['none fits', [{ id: 'apikey_1', hint: 'sk-ant-api03-R2D...igAB' }]],
    ['two fit', ['apikey_1', 'apikey_2'].map((id) => ({ id, hint: 'sk-ant-api03-R2D...igAA' }))],
    ['the provider shows no hint', [{ id: 'apikey_1', hint: null }]],
    ['a hint has no two ends', [{ id: 'apikey_1', hint: 'sk-ant-api03-R2DigAA' }]],
    ['there are no keys', []],
  ])('is unknown when %s, and the hint is listed', (_case, keys) => {
    const matcher = matchApiKeys([hinted, hinted], keys);
    expect(matcher.idOf(hinted)).toBeNull();
    expect(matcher.unresolvedHints).toEqual(['sk-ant-api03-R2D...igAA']);
  });

  it('is unknown for a row with neither id nor hint', () => {
    expect(
      idOf([{ id: 'apikey_1', hint: 'sk-ant-api03-R2D...igAA' }], row({ apiKeyId: '', apiKeyHint: '' })),
    ).toBeNull();
  });
});

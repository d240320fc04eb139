import type { StoredLine } from '@tallygate/admin-api';
import type { Evidence } from '@tallygate/reconcile';
import { emptyConfiguration, PICO_USD_PER_NANO_USD, type Team } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { AT_MS, bookTimes, CALL, lineOf } from '../rerate/testing/made-usage.ts';
import { restoredEvents } from './restored-rows.ts';

const BOOK = bookTimes(2);
const MINUTE_MS = 60_000;
const team: Team = {
  id: 'support',
  name: 'Support',
  aliases: [],
  owners: [],
  costCentre: null,
  workspaces: ['wrkspc_1'],
};
const terms = {
  snapshot: { ...emptyConfiguration('acme'), version: 7, teams: [team] },
  book: BOOK,
  modelName: (name: string) => name,
};
const NONE = {
  ...{ uncachedInputTokens: 0, cacheReadInputTokens: 0, cacheWrite5mInputTokens: 0 },
  ...{ cacheWrite1hInputTokens: 0, outputTokens: 0, webSearchRequests: 0 },
};

/** A bucket of the provider's: that many prompt tokens, in a workspace. */
function bucket(input: number, workspace: string | null, minute = 0, key = 'key_1'): StoredLine {
  const startMs = AT_MS + minute * MINUTE_MS;
  const group = { api_key_id: key, model: CALL.model, service_tier: 'standard', inference_geo: null };
  const figures = { uncachedInputTokens: BigInt(input), outputTokens: 0n };
  return { startMs, endMs: startMs + MINUTE_MS, group: { ...group, workspace_id: workspace }, figures };
}

function finding(input: number, changes: Partial<Evidence> = {}): Evidence {
  const { listCostNanoUsd, roundingPicoUsd } = lineOf({ ...CALL, input }, 0, BOOK);
  const amountPicoUsd = listCostNanoUsd * PICO_USD_PER_NANO_USD + BigInt(roundingPicoUsd);
  return {
    ...{ dayMs: AT_MS, fromMs: AT_MS, toMs: AT_MS + 2 * MINUTE_MS, model: CALL.model, apiKeyId: 'key_1' },
    ...{ workspaceId: null, description: null, attempts: 0, charged: { tokens: NONE, amountPicoUsd: 0n } },
    actual: { tokens: { ...NONE, uncachedInputTokens: input }, amountPicoUsd },
    amountPicoUsd,
    ...changes,
  };
}

const restored = (item: Evidence, lines: StoredLine[]) =>
  restoredEvents(item, { lines, providerOrganizationId: 'main' }, ['pull:x'], terms);

describe('what a lost row would have said', () => {
  it('is the provider\u2019s count on each set of terms, at its price, of the team of its key or workspace', () => {
    const lines = [
      bucket(900, 'wrkspc_1'),
      bucket(100, 'wrkspc_1', 1),
      bucket(500, null),
      bucket(7, null, 2),
    ];
    const events = restored(finding(1_500), [...lines, bucket(9, null, 0, 'key_2')]) ?? [];
    expect(
      events.map(({ attribution, lines: [line] }) => [attribution.team, line?.usage.uncachedInputTokens]),
    ).toEqual([
      ['support', 1_000],
      ['unassigned', 500],
    ]);
    expect(events[0]).toMatchObject({
      status: 'unknown',
      basis: 'reported',
      apiKeyId: 'key_1',
      providerOrganizationId: 'main',
      configVersion: 7,
    });
    expect(events[0]?.lines[0]).toEqual({
      ...lineOf({ ...CALL, input: 1_000, tier: 'standard' }, 0, BOOK),
      lineType: 'trued_up',
      flags: ['trued_up', 'pull:x'],
    });
  });

  it('is the rest beside rows of ours, where one set of terms leaves no doubt about its price', () => {
    const [event] = restored(finding(300), [bucket(1_000, null)]) ?? [];
    expect(event?.lines[0]?.usage.uncachedInputTokens).toBe(300);
    expect(restored(finding(300), [bucket(1_000, null), bucket(500, 'wrkspc_1')])).toBeNull();
    expect(restored(finding(300), [])).toBeNull();
    expect(restored({ ...finding(300), actual: finding(301).actual }, [bucket(300, null)])?.length).toBe(1);
    const otherPrice = { ...finding(300), actual: { ...finding(300).actual, amountPicoUsd: 1n } };
    expect(restored(otherPrice, [bucket(300, null)])).toBeNull();
  });

  it('is the same event whenever the same count is read, and another where more is lost', () => {
    const idOf = (input: number) => restored(finding(input), [bucket(1_000, null)])?.[0]?.eventId;
    expect(idOf(300)).toBe(idOf(300));
    expect(idOf(300)).not.toBe(idOf(301));
  });
});

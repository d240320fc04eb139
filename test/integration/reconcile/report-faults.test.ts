import { createAdminApi } from '@tallygate/admin-api';
import { builtinPriceBook } from '@tallygate/pricing';
import { DEFAULT_ADMIN_KEY, REPORT_FAULTS, type ReportFault, startSimulator } from '@tallygate/simulator';
import { TallygateError } from '@tallygate/usage';
import { runReconciliation } from 'tallygate';
import { describe, expect, it, onTestFinished } from 'vitest';
import { historyOver } from './event-history.ts';

/** Two months of days, so that the older reports have pages; more rows a day than a page of the analytics ones. */
const DAY_MS = 86_400_000;
const FROM = Date.parse('2026-10-01T00:00:00Z');
const NOW = FROM + 60 * DAY_MS;
const DAYS = 30;
const KEYS = Array.from({ length: 40 }, (_, index) => `apikey_${index}`);
const TOKENS = {
  uncached_input_tokens: 1_000,
  'cache_creation.ephemeral_5m_input_tokens': 0,
  'cache_creation.ephemeral_1h_input_tokens': 0,
  cache_read_input_tokens: 0,
  output_tokens: 10,
};

async function billOf(faults: ReportFault[]): Promise<{ billedPicoUsd: bigint; waiting: number }> {
  const { url, simulator, close } = await startSimulator({ nowMs: () => NOW });
  onTestFinished(close);
  for (let day = 0; day < DAYS; day += 1) {
    for (const apiKeyId of KEYS) {
      const atMs = FROM + day * DAY_MS;
      const when = { startedMs: atMs, endedMs: atMs, apiKeyId, workspaceId: null };
      const what = { model: 'claude-opus-5', speed: 'standard', inferenceGeo: 'global' } as const;
      simulator.bill({ ...when, ...what, tokens: TOKENS, webSearches: 0 });
    }
  }
  simulator.breakReports(...faults);
  const run = {
    history: historyOver([]).history,
    adminApi: createAdminApi({ apiKey: DEFAULT_ADMIN_KEY, baseUrl: url }),
    ...{ organization: 'acme', fromMs: FROM, toMs: FROM + DAYS * DAY_MS, priceBook: builtinPriceBook },
    clock: { nowMs: () => NOW, monotonicMs: () => 0 },
  };
  const { billedPicoUsd } = await runReconciliation(run);
  return { billedPicoUsd, waiting: simulator.breakReports().length };
}

const TRUE_PICO_USD = BigInt(DAYS * KEYS.length) * (1_000n * 5_000_000n + 10n * 25_000_000n);
/** Nothing is lost by these: the question is asked again, or of the other family of reports. */
const OVERCOME: ReportFault[] = ['410', '429', '500', 'not-refreshed', 'refreshed-between'];

describe('a reconciliation of reports on a bad day', () => {
  it.each(OVERCOME)('comes to the whole bill in spite of %s', async (fault) => {
    expect(await billOf([fault])).toEqual({ billedPicoUsd: TRUE_PICO_USD, waiting: 0 });
  });

  it.each(REPORT_FAULTS.filter((fault) => !OVERCOME.includes(fault)))(
    'is refused rather than wrong: %s',
    async (fault) => {
      const refusal = await billOf([fault]).catch((error: unknown) => error);
      expect(refusal).toSatisfy(TallygateError.isInstance);
      expect(refusal).toMatchObject({ code: 'TALLYGATE_REPORT_MALFORMED' });
    },
  );
});

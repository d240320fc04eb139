import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAdminApi } from '@tallygate/admin-api';
import { openUsageStore, type UsageStore } from '@tallygate/ledger';
import { builtinPriceBook } from '@tallygate/pricing';
import { DEFAULT_ADMIN_KEY } from '@tallygate/simulator';
import { keepPulls, runReconciliation } from 'tallygate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY_1, DAY_MS, meteredSimulator, ORGANIZATION } from './metered-simulator.ts';

/** Real reports over HTTP into a real ledger. */
const directory = mkdtempSync(join(tmpdir(), 'tallygate-pulls-'));
const clock = { nowMs: () => DAY_1 + DAY_MS / 2, monotonicMs: () => 0 };
let ledger: UsageStore;

beforeAll(async () => {
  ledger = await openUsageStore({ kind: 'embedded', directory }, { clock });
});
afterAll(async () => {
  await ledger.close();
  rmSync(directory, { recursive: true });
});

describe('a reconciliation', () => {
  it('stores every report that it read, whole, under the provider organization that answered', async () => {
    const { claude, settled, url, simulator } = await meteredSimulator();
    await claude.messages.create({
      model: 'claude-opus-5-5',
      max_tokens: 40,
      messages: [{ role: 'user', content: 'hi' }],
    });
    await settled();
    const versions = ledger.reportVersions;
    const hooks = keepPulls({ organization: ORGANIZATION, versions, pseudonymKey: null, clock });
    const range = { organization: ORGANIZATION, fromMs: DAY_1 - DAY_MS, toMs: DAY_1 + DAY_MS };
    await runReconciliation({
      history: ledger,
      adminApi: createAdminApi({ apiKey: DEFAULT_ADMIN_KEY, baseUrl: url, ...hooks }),
      priceBook: builtinPriceBook,
      clock,
      ...range,
    });
    const kept = await versions.list(range);
    expect(kept.length).toBeGreaterThanOrEqual(4);
    expect(new Set(kept.map(({ report }) => report)).size).toBe(kept.length);
    for (const version of kept)
      expect(version).toMatchObject({ toMs: range.toMs, providerOrganizationId: simulator.organizationId });
    const bodies = await Promise.all(kept.map(async (version) => (await versions.read(version))?.body));
    expect(bodies.every((body) => Array.isArray((body as { data: unknown }).data))).toBe(true);
    expect(JSON.stringify(bodies)).toContain('claude-opus-5-5');
    expect(JSON.stringify(bodies)).not.toContain(DEFAULT_ADMIN_KEY);
  });

  it('is not made from reports that could not be stored', async () => {
    const { url } = await meteredSimulator();
    const versions = { ...ledger.reportVersions, append: () => Promise.reject(new Error('disk full')) };
    const hooks = keepPulls({ organization: ORGANIZATION, versions, pseudonymKey: null, clock });
    const adminApi = createAdminApi({ apiKey: DEFAULT_ADMIN_KEY, baseUrl: url, ...hooks });
    const question = { fromMs: DAY_1, toMs: DAY_1 + DAY_MS, groupBy: [] };
    await expect(adminApi.costs(question)).rejects.toThrow('disk full');
  });
});

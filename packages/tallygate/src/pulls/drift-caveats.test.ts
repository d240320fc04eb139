import { expect, it } from 'vitest';
import { driftCaveats } from './drift-caveats.ts';
import { memoryReportVersions } from './testing/memory-report-versions.ts';

const DAY_MS = 86_400_000;
const DAY_1 = Date.parse('2026-09-01T00:00:00Z');
const iso = (instantMs: number) => new Date(instantMs).toISOString();

it('a day that was final and has changed is a caveat, one that was provisional is none', async () => {
  const versions = memoryReportVersions();
  const range = { organization: 'acme', fromMs: DAY_1, toMs: DAY_1 + 2 * DAY_MS };
  const pulled = async (fromMs: number, atMs: number, amount: string) => {
    const bucket = { starting_at: iso(fromMs), ending_at: iso(fromMs + DAY_MS) };
    const body = { data: [{ ...bucket, results: [{ amount, currency: 'USD' }] }] };
    const question = { ...range, providerOrganizationId: '', report: 'cost_report', fromMs };
    await versions.append({ ...question, toMs: fromMs + DAY_MS, pulledAtMs: atMs, body });
  };
  await pulled(DAY_1, DAY_1 + 35 * DAY_MS, '1');
  await pulled(DAY_1, DAY_1 + 50 * DAY_MS, '2');
  await pulled(DAY_1 + DAY_MS, DAY_1 + 4 * DAY_MS, '1');
  await pulled(DAY_1 + DAY_MS, DAY_1 + 50 * DAY_MS, '2');
  const caveatsAt = (nowMs: number) => driftCaveats(() => versions, { ...range, nowMs });
  expect(await caveatsAt(DAY_1 + 60 * DAY_MS)).toEqual([
    { caveat: 'drifted_after_final', detail: expect.stringContaining('2026-09-01 was final') },
  ]);
});

it('a range in which no day can be final asks no ledger', async () => {
  const range = { organization: 'acme', fromMs: DAY_1, toMs: DAY_1 + DAY_MS, nowMs: DAY_1 + 20 * DAY_MS };
  const unasked = () => {
    throw new TypeError('asked');
  };
  expect(await driftCaveats(unasked, range)).toEqual([]);
});

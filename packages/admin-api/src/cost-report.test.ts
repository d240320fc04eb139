import { describe, expect, it } from 'vitest';
import type { CostReportDimension } from './cost-report.ts';
import { bucket, costRow, DAY_MS, FROM_MS, fakeProvider, lastPage } from './testing/fake-provider.ts';

const range = { fromMs: FROM_MS, toMs: FROM_MS + DAY_MS };

async function rowsOf(rows: unknown[], groupBy: CostReportDimension[] = []) {
  const { adminApi } = fakeProvider(() => lastPage([bucket(FROM_MS, rows)]));
  const [day] = await adminApi.costs({ ...range, groupBy });
  return day?.rows ?? [];
}

const malformed = { code: 'TALLYGATE_REPORT_MALFORMED' };
const tokenLine = costRow({
  amount: '123.78912',
  description: 'Claude Sonnet 4.5 Usage - Output Tokens',
  cost_type: 'tokens',
  model: 'claude-sonnet-4-5-20250929',
  token_type: 'output_tokens',
  service_tier: 'standard',
  context_window: '0-200k',
});

/** This report names neither list amounts nor requests. */
const silent = { amountPicoUsd: 1_237_891_200_000n, listAmountPicoUsd: null, requests: null };

describe('a cost row', () => {
  it('is exact below the cent', async () => {
    expect(await rowsOf([costRow({ amount: '123.78912' })])).toEqual([{ ...silent, group: {} }]);
  });

  it('carries its line item when grouped by description, and the workspace only when that was asked', async () => {
    expect(await rowsOf([tokenLine], ['description'])).toEqual([
      {
        ...silent,
        group: {
          description: 'Claude Sonnet 4.5 Usage - Output Tokens',
          cost_type: 'tokens',
          model: 'claude-sonnet-4-5-20250929',
          token_type: 'output_tokens',
          service_tier: 'standard',
          context_window: '0-200k',
          inference_geo: null,
        },
      },
    ]);
    expect(await rowsOf([tokenLine], ['workspace_id'])).toEqual([
      { ...silent, group: { workspace_id: null } },
    ]);
  });

  it('keeps kinds of cost nobody has heard of, and tolerates a geography that is left out', async () => {
    const row = costRow({ cost_type: 'session_usage_2', description: 'New', inference_geo: undefined });
    const [first] = await rowsOf([row], ['description']);
    expect(first?.group).toMatchObject({ cost_type: 'session_usage_2', inference_geo: null });
  });

  it.each([
    ['another currency', { currency: 'EUR' }],
    ['no currency', { currency: undefined }],
    ['an amount as a number', { amount: 123.45 }],
    ['an amount that is null', { amount: null }],
    ['an amount in words', { amount: 'amount' }],
    ['more digits than pico-USD holds', { amount: '0.00000000001' }],
  ])('with %s is refused', async (_fault, changes) => {
    await expect(rowsOf([costRow(changes)])).rejects.toMatchObject(malformed);
  });

  it('that lacks the line item it was grouped by is refused', async () => {
    await expect(rowsOf([{ currency: 'USD', amount: '1' }], ['description'])).rejects.toMatchObject(
      malformed,
    );
    await expect(rowsOf([{ currency: 'USD', amount: '1' }], ['workspace_id'])).rejects.toMatchObject(
      malformed,
    );
  });

  it('that comes twice on a day is refused; lines that differ in any field are two lines', async () => {
    await expect(rowsOf([tokenLine, { ...tokenLine, amount: '1' }], ['description'])).rejects.toMatchObject(
      malformed,
    );
    await expect(rowsOf([costRow({ amount: '1' }), costRow({ amount: '2' })])).rejects.toMatchObject(
      malformed,
    );
    const elsewhere = { ...tokenLine, inference_geo: 'us' };
    await expect(rowsOf([tokenLine, elsewhere], ['description'])).resolves.toHaveLength(2);
  });
});

it('asks for whole days, up to 31 a page, with the groups in the form of the wire', async () => {
  const provider = fakeProvider(({ query }) => {
    const fromDay = query.has('page') ? 31 : 0;
    const count = query.has('page') ? 9 : 31;
    const days = Array.from({ length: count }, (_, day) => bucket(FROM_MS + (fromDay + day) * DAY_MS));
    return query.has('page') ? lastPage(days) : { data: days, has_more: true, next_page: 'page_2' };
  });
  const question = { fromMs: FROM_MS, toMs: FROM_MS + 40 * DAY_MS, groupBy: ['description' as const] };
  expect(await provider.adminApi.costs(question)).toHaveLength(40);
  const [first, second] = provider.asked;
  expect(first?.path).toBe('/v1/organizations/cost_report');
  expect(first?.query.get('limit')).toBe('31');
  expect(first?.query.getAll('group_by[]')).toEqual(['description']);
  // Whatever was asked is asked again with the cursor: the provider refuses a cursor of another question.
  expect([...(second?.query ?? [])]).toEqual([...(first?.query ?? []), ['page', 'page_2']]);
});

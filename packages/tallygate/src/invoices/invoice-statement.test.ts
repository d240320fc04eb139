import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Invoice } from './invoice.ts';
import { invoiceStatement, statementOfBills } from './invoice-statement.ts';

const PICO_USD_PER_CENT = 10_000_000_000n;
const SEED = 20_261_121;

const invoice = (changes: Partial<Invoice> = {}): Invoice => ({
  version: 1,
  kind: 'usage',
  providerOrganizationId: null,
  month: '2026-10',
  issuedOn: '2026-11-01',
  currency: 'USD',
  amountUsd: '0.00',
  creditsUsd: '0.00',
  taxUsd: '0.00',
  commitmentUsd: '0.00',
  shortfallUsd: '0.00',
  file: null,
  number: 'INV-1',
  revision: 1,
  recordedAtMs: 0,
  actor: 'ann',
  reason: '',
  ...changes,
});

describe('the way from the report to the invoice', () => {
  it('ties where what is left is within the tolerance of the organization, on either side, and still says it', () => {
    const tied = (amountUsd: string, toleranceUsd?: string) =>
      invoiceStatement(100_000_000_000_000n, [invoice({ amountUsd })], { billing: 'invoiced', toleranceUsd });
    expect(tied('100.05', '0.05')).toMatchObject({ isTied: true, residualPicoUsd: 50_000_000_000n });
    expect(tied('99.95', '0.05')).toMatchObject({ isTied: true, residualPicoUsd: -50_000_000_000n });
    expect([tied('100.06', '0.05')?.isTied, tied('99.94', '0.05')?.isTied, tied('100.01')?.isTied]).toEqual([
      ...[false, false, false],
    ]);
  });

  it('of several organizations of the provider is the sum of each: every one is rounded to the cent, and ties, by itself', () => {
    const bills = ['main', 'lab'].map((providerOrganizationId) => ({
      ...{ providerOrganizationId, billedPicoUsd: 10_004_000_000_000n },
    }));
    const of = (providerOrganizationId: string | null, amountUsd: string, taxUsd = '0.00') =>
      invoice({ ...{ providerOrganizationId, amountUsd, taxUsd }, number: `${providerOrganizationId}` });
    const told = (...invoices: Invoice[]) => statementOfBills(bills, invoices, { billing: 'invoiced' });
    expect(told(of('main', '12.00', '2.00'), of('lab', '11.00', '1.00'))).toMatchObject({
      ...{ isTied: true, residualPicoUsd: 0n, reportedPicoUsd: 20_008_000_000_000n },
      steps: [
        { name: 'tax', amountPicoUsd: 3_000_000_000_000n, evidence: 'main, lab' },
        { name: 'cents', amountPicoUsd: -8_000_000_000n },
      ],
    });
    const crossed = told(of('main', '10.01'), of('lab', '9.99'));
    expect(crossed).toMatchObject({ isTied: false, residualPicoUsd: 0n });
    expect(told(of(null, '20.01'))).toMatchObject({ isTied: true, residualPicoUsd: 0n });
    expect(told(of('main', '10.00'))).toMatchObject({ isTied: false, residualPicoUsd: -10_010_000_000_000n });
    expect(told()).toBeNull();
  });

  it('names what the invoice states, and the rounding to its cents', () => {
    const stated = invoice({ amountUsd: '107.00', creditsUsd: '10.00', taxUsd: '17.00' });
    const statement = invoiceStatement(99_996_000_000_000n, [stated], { billing: 'invoiced' });
    expect(statement).toMatchObject({
      isTied: true,
      residualPicoUsd: 0n,
      invoicedPicoUsd: 107_000_000_000_000n,
    });
    expect(statement?.steps).toEqual([
      { name: 'credits', amountPicoUsd: -10_000_000_000_000n, evidence: 'INV-1' },
      { name: 'tax', amountPicoUsd: 17_000_000_000_000n, evidence: 'INV-1' },
      { name: 'cents', amountPicoUsd: 4_000_000_000n, evidence: expect.any(String) },
    ]);
  });

  it('leaves a cent that nothing covers as residual, in either direction', () => {
    for (const [amountUsd, residual] of [
      ['100.01', PICO_USD_PER_CENT],
      ['99.99', -PICO_USD_PER_CENT],
    ] as const) {
      const statement = invoiceStatement(100_000_000_000_000n, [invoice({ amountUsd })], {
        billing: 'invoiced',
      });
      expect(statement).toMatchObject({ isTied: false, residualPicoUsd: residual });
    }
  });

  it('takes off what a commitment had paid, and adds what usage stayed below one', () => {
    const drawn = invoice({ amountUsd: '60.00', commitmentUsd: '40.00' });
    expect(invoiceStatement(100_000_000_000_000n, [drawn], { billing: 'invoiced' })?.isTied).toBe(true);
    const short = invoice({ amountUsd: '150.00', shortfallUsd: '50.00' });
    expect(invoiceStatement(100_000_000_000_000n, [short], { billing: 'invoiced' })?.isTied).toBe(true);
  });

  it('counts no purchase of credit as usage', () => {
    const purchase = invoice({ kind: 'purchase', amountUsd: '500.00' });
    expect(invoiceStatement(1n, [purchase], { billing: 'invoiced' })).toBeNull();
    const usage = invoice({ number: 'INV-2', amountUsd: '100.00' });
    const statement = invoiceStatement(100_000_000_000_000n, [purchase, usage], { billing: 'invoiced' });
    expect(statement).toMatchObject({ isTied: true, invoices: [usage], purchases: [purchase] });
  });

  it('draws prepaid usage from credit; an invoice that asks for it again is residual', () => {
    const prepaid = invoiceStatement(12_345n, [], { billing: 'prepaid' });
    expect(prepaid).toMatchObject({ isTied: true, invoicedPicoUsd: 0n });
    expect(prepaid?.steps).toMatchObject([{ name: 'prepaid credit', amountPicoUsd: -12_345n }]);
    const twice = invoiceStatement(12_345n, [invoice({ amountUsd: '1.00' })], { billing: 'prepaid' });
    expect(twice?.residualPicoUsd).toBe(100n * PICO_USD_PER_CENT);
  });

  it('adds up, whatever the amounts, and rounds by half a cent at most', () => {
    const usd = fc.integer({ min: 0, max: 10_000_000 }).map((amount) => (amount / 100).toFixed(2));
    const parts = fc.record({
      amountUsd: usd,
      creditsUsd: usd,
      taxUsd: usd,
      commitmentUsd: usd,
      shortfallUsd: usd,
    });
    const reported = fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n });
    fc.assert(
      fc.property(reported, fc.array(parts, { minLength: 1, maxLength: 4 }), (reportedPicoUsd, all) => {
        const statement = invoiceStatement(reportedPicoUsd, all.map(invoice), { billing: 'invoiced' });
        const steps = statement?.steps ?? [];
        const sum = steps.reduce((total, { amountPicoUsd }) => total + amountPicoUsd, reportedPicoUsd);
        expect(sum + (statement?.residualPicoUsd ?? 0n)).toBe(statement?.invoicedPicoUsd);
        const cents = steps.find(({ name }) => name === 'cents')?.amountPicoUsd ?? 0n;
        expect(cents <= PICO_USD_PER_CENT / 2n && cents >= -PICO_USD_PER_CENT / 2n).toBe(true);
        expect((statement?.residualPicoUsd ?? 1n) % PICO_USD_PER_CENT).toBe(0n);
      }),
      { seed: SEED, numRuns: 200 },
    );
  });
});

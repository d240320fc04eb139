import type { PriceBookDocument } from '../price-document.ts';

const PRICE_PAGE_HISTORY = "provider's price page, read repeatedly from 2025-12-20 to 2026-08-21";

/** List prices of the third generation, all retired: what history costs. */
export const claude3Prices: PriceBookDocument['prices'] = [
  {
    priceId: 'claude-3-7-sonnet-20250219@2025-02-24',
    model: 'claude-3-7-sonnet-20250219',
    effectiveFrom: '2025-02-24',
    effectiveTo: '2026-02-19',
    usdPerMtok: { input: '3', cacheRead: '0.30', cacheWrite5m: '3.75', cacheWrite1h: '6', output: '15' },
    confidence: 'high',
    source: PRICE_PAGE_HISTORY,
  },
  {
    // An earlier launch price may have existed.
    priceId: 'claude-3-5-haiku-20241022@launch',
    model: 'claude-3-5-haiku-20241022',
    effectiveFrom: null,
    effectiveTo: '2026-02-19',
    usdPerMtok: { input: '0.80', cacheRead: '0.08', cacheWrite5m: '1', cacheWrite1h: '1.60', output: '4' },
    confidence: 'medium',
    source: PRICE_PAGE_HISTORY,
  },
  {
    priceId: 'claude-3-5-sonnet-20241022@launch',
    model: 'claude-3-5-sonnet-20241022',
    effectiveFrom: null,
    effectiveTo: '2025-10-28',
    usdPerMtok: { input: '3', cacheRead: '0.30', cacheWrite5m: '3.75', cacheWrite1h: '6', output: '15' },
    confidence: 'medium',
    source: PRICE_PAGE_HISTORY,
  },
  {
    priceId: 'claude-3-5-sonnet-20240620@launch',
    model: 'claude-3-5-sonnet-20240620',
    effectiveFrom: null,
    effectiveTo: '2025-10-28',
    usdPerMtok: { input: '3', cacheRead: '0.30', cacheWrite5m: '3.75', cacheWrite1h: '6', output: '15' },
    confidence: 'medium',
    source: PRICE_PAGE_HISTORY,
  },
  {
    priceId: 'claude-3-opus-20240229@launch',
    model: 'claude-3-opus-20240229',
    effectiveFrom: null,
    effectiveTo: '2026-01-05',
    usdPerMtok: { input: '15', cacheRead: '1.50', cacheWrite5m: '18.75', cacheWrite1h: '30', output: '75' },
    confidence: 'high',
    source: PRICE_PAGE_HISTORY,
  },
  {
    // Listed figures: here a 5-minute write is 1.2 and a read 0.12 of the input rate.
    priceId: 'claude-3-haiku-20240307@launch',
    model: 'claude-3-haiku-20240307',
    effectiveFrom: null,
    effectiveTo: '2026-04-20',
    usdPerMtok: {
      input: '0.25',
      cacheRead: '0.03',
      cacheWrite5m: '0.30',
      cacheWrite1h: '0.50',
      output: '1.25',
    },
    confidence: 'high',
    source: PRICE_PAGE_HISTORY,
  },
];

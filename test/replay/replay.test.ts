import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readReplayCases, replay } from '@tallygate/demo';
import { beforeEach, describe, expect, it } from 'vitest';

const FOLDER = fileURLToPath(new URL('../../../shared/recordings', import.meta.url));
const hasRecordings = existsSync(FOLDER);

describe('recorded exchanges', () => {
  beforeEach((context) => context.skip(!hasRecordings, 'skipped: no recordings'));

  it.each([
    ['whole', { chunkBytes: null, api: null }],
    ['in seven-byte chunks, which split characters and lines', { chunkBytes: 7, api: null }],
    ['through the GA resource', { chunkBytes: null, api: 'ga' as const }],
    ['through the beta resource', { chunkBytes: null, api: 'beta' as const }],
  ])('are metered exactly, and throw what the bare SDK throws, delivered %s', async (_name, delivery) => {
    const report = await replay(readReplayCases(FOLDER), delivery, () => undefined);
    expect(report.exchanges).toBeGreaterThan(600);
    expect(report.differentThrows).toEqual([]);
    expect(report.examples).toEqual([]);
    expect(report.exact).toBe(report.exchanges);
  });
});

import { expect, it } from 'vitest';
import { jsonLog } from './json-log.ts';

it('writes one JSON object per line, amounts as strings, and no debug chatter', () => {
  const lines: string[] = [];
  const logger = jsonLog((line) => lines.push(line), { nowMs: () => 0, monotonicMs: () => 0 });
  logger.debug('not written');
  logger.info('reconciled', { residualPicoUsd: 12n, text: 'two\nlines' });
  logger.error('bare');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      at: '1970-01-01T00:00:00.000Z',
      level: 'info',
      message: 'reconciled',
      residualPicoUsd: '12',
      text: 'two\nlines',
    },
    { at: '1970-01-01T00:00:00.000Z', level: 'error', message: 'bare' },
  ]);
  expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
});

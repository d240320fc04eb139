import { describe, expect, it } from 'vitest';
import { jsonLinesLogger } from './json-lines.ts';

const clock = { nowMs: () => 0, monotonicMs: () => 0 };

describe('jsonLinesLogger', () => {
  it('writes one JSON object per line, money included, and lets no field pass for the message', () => {
    const lines: string[] = [];
    const logger = jsonLinesLogger(clock, (line) => lines.push(line));
    logger.warn('two\nlines', { amountNanoUsd: 7n, message: 'other', level: 'x' });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.indexOf('\n')).toBe((lines[0]?.length ?? 0) - 1);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      amountNanoUsd: '7',
      at: '1970-01-01T00:00:00.000Z',
      level: 'warn',
      message: 'two\nlines',
    });
  });
});

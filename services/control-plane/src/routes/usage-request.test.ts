import { describe, expect, it } from 'vitest';
import { parseUsageRequest } from './usage-request.ts';

const NOW_MS = Date.parse('2026-11-21T12:00:00Z');
const asked = (where: string[]) => parseUsageRequest({ where }, NOW_MS);

describe('the conditions of a question about usage', () => {
  it('are alternatives within a dimension, and all of them between dimensions', () => {
    expect(asked(['team=support,search', 'team=growth', 'status=error'])).toMatchObject({
      filter: { team: ['support', 'search', 'growth'], status: ['error'] },
    });
  });

  it('leave a value as it is, whatever signs are in it', () => {
    expect(asked(['workflow=step=2', 'team='])).toMatchObject({
      filter: { workflow: ['step=2'], team: [''] },
    });
  });

  it.each([['teams=support'], ['day=2026-10-01'], ['support'], ['=support']])(
    'are refused: %s',
    (condition) => {
      expect(() => asked([condition])).toThrow(
        expect.objectContaining({ code: 'TALLYGATE_REQUEST_INVALID' }),
      );
    },
  );
});

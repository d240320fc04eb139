import { TallygateError } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { requireBearer } from './bearer.ts';

describe('requireBearer', () => {
  it.each(['Bearer right', 'bearer right', 'Bearer  right '])('lets "%s" in', (header) => {
    expect(() => requireBearer(header, 'right')).not.toThrow();
  });

  it.each([
    undefined,
    '',
    'right',
    'Bearer',
    'Bearer ',
    'Bearer wrong',
    'Bearer righ',
    'Bearer right right',
    'Basic right',
  ])('refuses %j without repeating the token', (header) => {
    const refused = (() => {
      try {
        requireBearer(header, 'right');
        return null;
      } catch (error) {
        return TallygateError.isInstance(error) ? error : null;
      }
    })();
    expect(refused?.code).toBe('TALLYGATE_TOKEN_REJECTED');
    expect(refused?.message).not.toMatch(/wrong|"right|righ[^t]/);
  });
});

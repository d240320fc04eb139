import { describe, expect, it, vi } from 'vitest';
import { AttributionError, BudgetExceededError } from './denial.ts';
import { ERRORS, type ErrorCode, TallygateError } from './errors.ts';

const CODES = Object.keys(ERRORS) as ErrorCode[];

describe('the table of errors', () => {
  it('is sorted, so that a code has one place to stand', () => {
    expect(CODES).toEqual([...CODES].sort());
    expect(CODES.length).toBeGreaterThan(15);
  });

  it.each(CODES)('%s is TALLYGATE_<NOUN>_<PARTICIPLE>', (code) => {
    expect(code).toMatch(/^TALLYGATE_[A-Z]+_[A-Z]+$/);
  });

  it.each(CODES)('%s has a cure in one sentence, an exit code and the status of an error', (code) => {
    const { cure, exitCode, httpStatus } = ERRORS[code];
    expect(cure).toMatch(/^[A-Z].{10,}\.$/);
    expect([1, 2, 3, 4]).toContain(exitCode);
    expect(httpStatus).toBeGreaterThanOrEqual(400);
    expect(httpStatus).toBeLessThan(600);
  });

  it.each(CODES)('%s exits with 2 only when the caller is to blame', (code) => {
    const { exitCode, httpStatus } = ERRORS[code];
    if (exitCode === 2) expect(httpStatus).toBeLessThan(500);
    if (httpStatus >= 500) expect([1, 4]).toContain(exitCode);
  });
});

describe('an error of ours', () => {
  it('says what was found, then what to do', () => {
    const error = new TallygateError('TALLYGATE_MONEY_INVALID', { message: '"x" is not an amount in USD.' });
    expect(error.message).toBe(`"x" is not an amount in USD. ${ERRORS.TALLYGATE_MONEY_INVALID.cure}`);
    expect(error).toMatchObject({ name: 'TallygateError', httpStatus: 400, exitCode: 2 });
  });

  it('prefers the more exact cure', () => {
    const error = new TallygateError('TALLYGATE_REQUEST_INVALID', { message: 'Bad.', cure: 'Send a date.' });
    expect(error.message).toBe('Bad. Send a date.');
    expect(error.cure).toBe('Send a date.');
  });

  it('keeps its cause, and has none when none was given', () => {
    const cause = new Error('socket closed');
    expect(new TallygateError('TALLYGATE_GATE_UNAVAILABLE', { message: 'No answer.', cause }).cause).toBe(
      cause,
    );
    expect('cause' in new TallygateError('TALLYGATE_GATE_UNAVAILABLE', { message: 'No answer.' })).toBe(
      false,
    );
  });

  it('is recognised across two copies of the package, where instanceof fails', async () => {
    vi.resetModules();
    const copy = await import('./errors.ts');
    const foreign = new copy.TallygateError('TALLYGATE_SPOOL_FAILED', { message: 'Disk full.' });
    expect(foreign).not.toBeInstanceOf(TallygateError);
    expect(TallygateError.isInstance(foreign)).toBe(true);
    expect(
      copy.TallygateError.isInstance(new TallygateError('TALLYGATE_SPOOL_FAILED', { message: 'x' })),
    ).toBe(true);
  });

  it.each([null, undefined, 'TALLYGATE_SPOOL_FAILED', new Error('x'), { code: 'TALLYGATE_SPOOL_FAILED' }])(
    'is not mistaken for %s',
    (other) => {
      expect(TallygateError.isInstance(other)).toBe(false);
    },
  );

  it('is what every thrown kind of ours is', () => {
    const refused = new AttributionError('TALLYGATE_ATTRIBUTION_REFUSED', 'Team "x" is not listed.');
    expect(TallygateError.isInstance(refused)).toBe(true);
    expect(refused).toMatchObject({ name: 'AttributionError', code: 'TALLYGATE_ATTRIBUTION_REFUSED' });
    expect(Object.prototype.isPrototypeOf.call(TallygateError.prototype, BudgetExceededError.prototype)).toBe(
      true,
    );
  });
});

import { describe, expect, it } from 'vitest';
import { BudgetExceededError, describeDenial, roomFor } from './denial.ts';
import { TallygateError } from './errors.ts';
import type { Denial } from './hold.ts';
import { nanoFromUsd } from './money.ts';
import { periodAt } from './period.ts';

const october = periodAt('month', 'Europe/Berlin', Date.UTC(2026, 9, 15));

const denial: Denial = {
  denialId: 'denial-1',
  attemptId: 'attempt-1',
  budgetId: 'support-monthly',
  scope: { team: 'support' },
  unit: 'month',
  timeZone: 'Europe/Berlin',
  periodStartMs: october.startMs,
  periodEndMs: october.endMs,
  limit: nanoFromUsd('500'),
  spent: nanoFromUsd('498.20'),
  held: nanoFromUsd('1.90'),
  needed: nanoFromUsd('0.42'),
  retryAtMs: october.endMs,
  atMs: Date.UTC(2026, 9, 30),
  enforced: true,
};

describe('a denial', () => {
  it('tells who spent how much of what, when it resets, and what the call needs', () => {
    expect(describeDenial(denial)).toBe(
      'Team support has spent $498.20 of $500.00 for October (held $1.90); ' +
        'resets 1 Nov 00:00 Europe/Berlin; this call needs up to $0.42.',
    );
  });

  it('names a day, a feature and the whole organization in the same form', () => {
    const day = periodAt('day', 'UTC', Date.UTC(2026, 10, 21, 9));
    const today = {
      unit: 'day',
      timeZone: 'UTC',
      periodStartMs: day.startMs,
      periodEndMs: day.endMs,
    } as const;
    expect(describeDenial({ ...denial, ...today, scope: {} })).toBe(
      'Organization has spent $498.20 of $500.00 for 21 November (held $1.90); ' +
        'resets 22 Nov 00:00 UTC; this call needs up to $0.42.',
    );
    expect(describeDenial({ ...denial, scope: { team: 'support', feature: 'search' } })).toMatch(
      /^Feature search of team support has spent /,
    );
  });

  it('says of a budget with a pool what is left on both', () => {
    const pool = {
      budgetId: 'shared',
      limit: nanoFromUsd('100'),
      spent: nanoFromUsd('99'),
      held: nanoFromUsd('0.95'),
      needed: nanoFromUsd('0.32'),
    };
    expect(describeDenial({ ...denial, pool })).toMatch(
      /; this call needs up to \$0\.42, of which \$0\.10 is left there and \$0\.05 in pool shared\.$/,
    );
    expect(roomFor({ ...denial, pool })).toBe(nanoFromUsd('0.15'));
    expect(roomFor({ ...denial, pool: { ...pool, spent: pool.limit } })).toBe(nanoFromUsd('0.10'));
    expect(roomFor(denial)).toBe(nanoFromUsd('-0.10'));
  });

  it('shows an amount below a cent, which "$0.00" would deny', () => {
    expect(describeDenial({ ...denial, needed: 4_200_000n })).toContain('needs up to $0.0042.');
  });
});

describe('the error a caller gets', () => {
  const error = new BudgetExceededError(denial);

  it('opens with the denial and closes with the cure', () => {
    expect(error.message.startsWith(describeDenial(denial))).toBe(true);
    expect(error.message.endsWith(error.cure)).toBe(true);
  });

  it('names the command that explains it, by the denial’s id', () => {
    expect(error.message).toContain('Run "tallygate why denial-1"');
  });

  it('is the same error with another code when the feature is paused', () => {
    const paused = new BudgetExceededError({ ...denial, reason: 'paused', scope: { feature: 'chat' } });
    expect(paused.code).toBe('TALLYGATE_FEATURE_PAUSED');
    expect(paused.message).toMatch(/^Feature chat is paused until 2026-10-31T23:00:00\.000Z\. /);
  });

  it('carries the numbers, not only the words', () => {
    expect(error.denial).toBe(denial);
    expect(error).toMatchObject({
      name: 'BudgetExceededError',
      code: 'TALLYGATE_BUDGET_EXCEEDED',
      httpStatus: 429,
    });
  });

  it('is recognised as ours and is no connection error, which the SDK would retry', () => {
    expect(TallygateError.isInstance(error)).toBe(true);
    expect(error.name).not.toMatch(/Connection|Retryable/);
  });
});

it('is written as JSON by whoever logs it or answers with it: amounts are text there', () => {
  const written = JSON.parse(JSON.stringify({ error: new BudgetExceededError(denial) }));
  expect(written.error).toMatchObject({
    ...{ name: 'BudgetExceededError', code: 'TALLYGATE_BUDGET_EXCEEDED' },
    message: expect.stringContaining('$498.20 of $500.00'),
    denial: { denialId: 'denial-1', limit: '500000000000', scope: { team: 'support' } },
  });
});

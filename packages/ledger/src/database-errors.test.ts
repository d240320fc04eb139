import { ClickHouseError } from '@clickhouse/client';
import { TallygateError } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { describeFailure, ledgerFailure, questionFailure } from './database-errors.ts';

const engineError = (type: string) => new ClickHouseError({ message: 'Something.', code: '1', type });

describe('a failure of the engine', () => {
  it('is final only when the rows themselves are at fault', () => {
    expect(ledgerFailure(engineError('CANNOT_PARSE_TEXT')).code).toBe('TALLYGATE_REQUEST_INVALID');
    for (const type of [
      'UNKNOWN_TABLE',
      'TOO_MANY_PARTS',
      'NOT_ENOUGH_SPACE',
      'TABLE_IS_READ_ONLY',
      'NEW_IN_27_1',
    ]) {
      expect(ledgerFailure(engineError(type)).code, type).toBe('TALLYGATE_LEDGER_UNAVAILABLE');
    }
    expect(ledgerFailure(new Error('socket hang up')).code).toBe('TALLYGATE_LEDGER_UNAVAILABLE');
    expect(ledgerFailure('out of memory').code).toBe('TALLYGATE_LEDGER_UNAVAILABLE');
  });

  it('for want of memory ends a question, and keeps rows waiting', () => {
    const failure = engineError('MEMORY_LIMIT_EXCEEDED');
    expect(questionFailure(failure)).toMatchObject({ code: 'TALLYGATE_LEDGER_EXHAUSTED', cause: failure });
    expect(ledgerFailure(failure).code).toBe('TALLYGATE_LEDGER_UNAVAILABLE');
    expect(questionFailure(engineError('UNKNOWN_TABLE')).code).toBe('TALLYGATE_LEDGER_UNAVAILABLE');
  });

  it('of our own passes as it is', () => {
    const ours = new TallygateError('TALLYGATE_DIRECTORY_OWNED', { message: 'Taken.' });
    expect(ledgerFailure(ours)).toBe(ours);
  });

  it('is told in one line, with its code, without credentials', () => {
    const told = describeFailure(
      new Error('GET https://app:secret@host/db?password=secret&x=1 failed\nat line 2'),
    );
    expect(told).toBe('GET https://host/db?password=…&x=1 failed');
    expect(describeFailure(engineError('UNKNOWN_TABLE'))).toBe('Something (UNKNOWN_TABLE)');
    expect(describeFailure(Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }))).toBe(
      'ECONNREFUSED',
    );
    expect(describeFailure(new Error(''))).toBe('no reason given');
  });
});

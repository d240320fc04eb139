import { TallygateError } from '@tallygate/usage';
import { expect, test } from 'vitest';
import { entriesToText, holdFromRecord, settlementFromRecord } from './attempt-record.ts';

const entries = [
  {
    key: 'all:month:100',
    expected: 9_007_199_254_740_993n,
    worst: 9_200_000_000_000_000_000n,
    periodStartMs: 100,
    periodEndMs: 900,
  },
  {
    key: 'team.a-b:day:-50',
    expected: 9_007_199_254_740_993n,
    worst: 9_200_000_000_000_000_000n,
    periodStartMs: -50,
    periodEndMs: 50,
  },
];

test('a record gives back the hold exactly, periods and amounts', () => {
  const text = `H|ask|epoch|1|123|77|9007199254740993|9200000000000000000||||${entriesToText(entries)}`;
  expect(holdFromRecord('org', 'attempt', text)).toEqual({
    attemptId: 'attempt',
    organization: 'org',
    epoch: 'epoch',
    budgetInstantMs: 123,
    expiryBucket: 77,
    entries,
  });
});

test('a record gives back which part of the charge a budget and its pool have', () => {
  const [first, second] = entries as [(typeof entries)[0], (typeof entries)[0]];
  const parts = [
    { ...first, paysUpTo: 9_007_199_254_740_993n },
    { ...second, paysFrom: 0n },
  ];
  const amounts = '9007199254740993|9200000000000000000';
  const text = `H|ask|epoch|1|123|77|${amounts}||||${entriesToText(parts)}`;
  expect(holdFromRecord('org', 'attempt', text).entries).toEqual(parts);
});

test('a hold on no budget has no entries', () => {
  expect(entriesToText([])).toBe('');
  expect(holdFromRecord('org', 'attempt', 'H|ask|epoch|1|123|77|1|1||||').entries).toEqual([]);
});

test.each([
  ['S', 'settle', '5'],
  ['V', 'release', '0'],
])('a record in state %s gives back its %s', (state, kind, amount) => {
  const text = `${state}|ask|epoch|1|123|77|1|1|42|456|${amount}|${entriesToText(entries)}`;
  expect(settlementFromRecord('org', 'attempt', text)).toEqual({
    attemptId: 'attempt',
    organization: 'org',
    kind,
    epoch: 'epoch',
    seq: 42,
    budgetInstantMs: 123,
    settledAtMs: 456,
    entries: entries.map(({ key }) => ({ key, amount: BigInt(amount) })),
  });
});

test.each(['', 'H|ask', 'H|ask|epoch|1|123|77|1|1||||all:fortnight:0@5'])(
  '%j is an outage, not a guess',
  (text) => {
    const read = () => holdFromRecord('org', 'attempt', text);
    expect(read).toThrow(TallygateError);
    expect(read).toThrow(/cannot read/);
  },
);

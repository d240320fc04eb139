import { expect, it } from 'vitest';
import { AT_MS, bookTimes, CALL, eventOf, lineOf } from '../rerate/testing/made-usage.ts';
import { createRowDigests, readRowDigests, rowDigestsCsv } from './row-digests.ts';
import { rowsSince, rowsSinceCsv } from './rows-since.ts';
import { USAGE_CSV_HEADER, usageCsvLines } from './usage-csv.ts';

const LINE = lineOf(CALL, 0, bookTimes(2));
const EVENT = eventOf([LINE]);
const row = (line = 0, requestId: string | null = 'req_1', flags: string[] = []) => {
  const own = { ...LINE, line, flags };
  return { event: { ...EVENT, lines: [own], requestId }, line: own };
};
const digestsOf = (rows: ReturnType<typeof row>[]) => {
  const digests = createRowDigests();
  for (const one of rows) digests.add(one);
  return digests.taken();
};
const DAY = new Date(AT_MS).toISOString().slice(0, 10);

it('a correction in the rows of a team says what it was made from, by whom and why', () => {
  const flags = ['correction', 'trued_up', 'pull:ab', 'by:ann', 'reason:=INC-9, October'];
  const [recorded = '', corrected = '', ...rest] = usageCsvLines([row(), row(1_000, null, flags)]).split(
    '\r\n',
  );
  expect(USAGE_CSV_HEADER.trimEnd().split(',').slice(-2)).toEqual(['flags', 'request_id']);
  expect(recorded.endsWith(',,req_1')).toBe(true);
  expect(corrected).toContain(',"correction trued_up pull:ab by:ann reason:=INC-9, October",');
  expect(rest).toEqual(['']);
});

it('hashes of rows outlive what the ledger forgets, and are read back as they were written', () => {
  const [digest] = digestsOf([row(), row(1_000)]);
  expect(digest).toMatchObject({ day: DAY, team: 'support', backend: 'anthropic', lines: 2 });
  expect(digest?.chargedNanoUsd).toBe(2n * LINE.contractedCostNanoUsd);
  expect(digestsOf([row(0, null), row(1_000, null)])).toEqual([digest]);
  expect(digestsOf([row(), row(1_001)])[0]?.sha256).not.toBe(digest?.sha256);
  expect(readRowDigests('support', rowDigestsCsv(digestsOf([row(), row(1_000)])))).toEqual([digest]);
});

it.each([
  ['same', [row()], [row()], 0, 0n],
  ['later', [row()], [row(), row(1_000)], 1, LINE.contractedCostNanoUsd],
  ['later', [], [row()], 1, LINE.contractedCostNanoUsd],
  ['missing', [row(), row(1_000)], [row()], 0, 0n],
  ['missing', [row()], [row(1_000)], 0, 0n],
] as const)('the rows of a day are told as %s', (state, then, now, laterLines, laterNanoUsd) => {
  const since = rowsSince(digestsOf([...then]), digestsOf([...now]));
  expect(since).toMatchObject({ days: [{ state }], laterLines, laterNanoUsd });
  expect(since).toMatchObject({
    sameDays: state === 'same' ? 1 : 0,
    missingDays: state === 'missing' ? 1 : 0,
  });
  expect(rowsSinceCsv(since).split('\r\n')[1]).toMatch(new RegExp(`^${DAY},anthropic,${state},`));
});

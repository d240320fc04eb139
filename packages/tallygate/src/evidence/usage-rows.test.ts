import { expect, it } from 'vitest';
import { rowLedger } from '../corrections/testing/row-ledger.ts';
import { AT_MS, bookTimes, CALL, eventOf, lineOf } from '../rerate/testing/made-usage.ts';
import { writeUsageRows } from './usage-rows.ts';

it('a correction in the rows of a team says what it was made from, by whom and why', async () => {
  const line = lineOf(CALL, 0, bookTimes(2));
  const flags = ['correction', 'trued_up', 'pull:ab', 'by:ann', 'reason:=INC-9, October'];
  const event = eventOf([line, { ...line, line: 1_000, flags }]);
  const asked = { organization: 'acme', team: 'support', fromMs: AT_MS, toMs: AT_MS + 1 };
  let csv = '';
  await writeUsageRows(rowLedger([event, eventOf([line], 'search')]).history, asked, (text) => {
    csv += text;
  });
  const [header = '', recorded = '', corrected = '', ...rest] = csv.split('\r\n');
  expect(header.split(',').at(-1)).toBe('flags');
  expect(recorded.endsWith(',')).toBe(true);
  expect(corrected).toContain(',"correction trued_up pull:ab by:ann reason:=INC-9, October"');
  expect(rest).toEqual(['']);
});

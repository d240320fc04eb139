import { expect, it } from 'vitest';
import type { Database } from '../database.ts';
import { SUMS } from '../sql.generated.ts';
import { spendFrom } from './spend-queries.ts';

/** An engine that answers one row, its sums as text. */
function answering(changes: Record<string, unknown>, sums: unknown[] = SUMS.map((_, index) => `${index}`)) {
  const counts = { sum_calls: '1', sum_attempts: '2', sum_failed_attempts: '0' };
  const row = { group_team: 'support', ...counts, sums, ...changes };
  return { select: async () => [row] } as Partial<Database> as Database;
}
const question = { organization: 'acme', fromMs: 0, toMs: 1, groupBy: ['team' as const], filter: '{}' };
const ask = (database: Database) =>
  spendFrom.billing.days(database, { ...question, by: 'ended', dayFrom: 0, dayTo: 1, freshDays: '[]' });
const sumsWith = (name: string, value: unknown) => SUMS.map((sum) => (sum === name ? value : '0'));

it('sums are read by their place, amounts of any width exactly, and what was not asked for is empty', async () => {
  const amount = '170141183460469231731687303715884105727';
  const [row] = await ask(answering({}, sumsWith('list_cost_nano_usd', amount)));
  expect(row).toMatchObject({
    ...{ group_team: 'support', group_feature: '', sum_attempts: 2, sum_output_tokens: 0 },
    sum_list_cost_nano_usd: BigInt(amount),
  });
});

it.each<[string, Database]>([
  ['a count beyond 2^53', answering({}, sumsWith('output_tokens', '9007199254740992'))],
  ['a sum that is a number, which may have been a float', answering({}, sumsWith('list_cost_nano_usd', 1))],
  ['a sum too few', answering({}, ['1'])],
  ['no sums', answering({ sums: undefined })],
  ['no count of attempts', answering({ sum_attempts: undefined })],
  ['a group that is no text', answering({ group_team: 7 })],
])('a row with %s is an outage of the ledger, not an amount', async (_case, database) => {
  await expect(ask(database)).rejects.toMatchObject({ code: 'TALLYGATE_LEDGER_UNAVAILABLE' });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runProgram } from './run-program.ts';

const CLI = 'packages/tallygate/src/cli/main.ts';
const DAY_MS = 86_400_000;

/** Ten days that are over, $0.30 each; on the last one it is $3 in two calls. */
function past(): string {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const call = (daysAgo: number, at: number, tokens: number) => ({
    id: `past-${daysAgo}-${at}`,
    timestamp: new Date(today - daysAgo * DAY_MS + at).toISOString(),
    team: 'support',
    feature: 'chat',
    model: 'claude-sonnet-4-5',
    prompt_tokens: tokens,
    completion_tokens: 0,
  });
  const calm = Array.from({ length: 9 }, (_, index) => call(index + 2, 3_600_000, 100_000));
  const rows = [...calm, call(1, 3_600_000, 900_000), call(1, 7_200_000, 100_000)];
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

it('budgets are suggested from what was spent, applied as they are, and tried against it', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'tallygate-try-'));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  const run = (...argv: string[]) => runProgram(CLI, argv, { cwd });
  const write = (text: string) => writeFileSync(join(cwd, 'tallygate.yaml'), text);
  writeFileSync(join(cwd, 'past.jsonl'), past());
  expect((await run('import', 'past.jsonl')).exitCode).toBe(0);

  const suggested = await run('budgets', 'suggest', '--period', 'day', '--by', 'team,feature');
  expect(suggested.stderr).toContain('support-chat-day: $3.60 per day; 95 % of 10 cost at most $3.00');
  write(suggested.stdout);
  expect(await run('apply', '--reason', 'first budgets')).toMatchObject({ exitCode: 0 });
  const untouched = await run('budgets', 'dry-run', '--json');
  expect(JSON.parse(untouched.stdout)).toMatchObject({ attempts: 11, costUsd: '5.700000000', denials: 0 });

  writeFileSync(join(cwd, 'tight.yaml'), suggested.stdout.replace('"3.60"', '"1.00"'));
  const touched = await run('budgets', 'dry-run', '-f', 'tight.yaml', '--days', '30', '--json');
  expect(JSON.parse(touched.stdout)).toMatchObject({
    schema: 'tallygate.dry-run/1',
    denials: 1,
    stoppedUsd: '2.700000000',
    touched: [{ budgetId: 'support-chat-day', team: 'support', feature: 'chat', denials: 1 }],
  });
  const listed = await run('budgets', 'list', '--json');
  expect(JSON.parse(listed.stdout).budgets).toMatchObject([{ limitUsd: '3.600000000' }]);
});

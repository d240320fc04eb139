import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runProgram } from './run-program.ts';

const CLI = 'packages/tallygate/src/cli/main.ts';

/** Commands as processes on one data directory, with the embedded engine. */
function finance() {
  const cwd = mkdtempSync(join(tmpdir(), 'tallygate-finance-'));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  const run = async (...argv: string[]) => {
    const { exitCode, stdout } = await runProgram(CLI, [...argv, '--json'], { cwd });
    return { exitCode, document: JSON.parse(stdout) };
  };
  return { cwd, run };
}

const CALL = { timestamp: '2026-10-14T08:00:00Z', model: 'claude-sonnet-4-5', prompt_tokens: 1_000_000 };
const USAGE = [
  { ...CALL, id: '1', team: 'support', feature: 'chat', completion_tokens: 1 },
  { ...CALL, id: '2', team: 'search', completion_tokens: 100_000 },
];
const YAML = `version: 1
teams:
  - { id: support, costCentre: "4711" }
  - { id: search, costCentre: "4712" }
finance: { shared: even, expenseAccount: "6450" }
`;

it('an invoice that is allocated by what was metered adds up to itself', async () => {
  const { cwd, run } = finance();
  writeFileSync(join(cwd, 'tallygate.yaml'), YAML);
  writeFileSync(join(cwd, 'usage.jsonl'), USAGE.map((line) => JSON.stringify(line)).join('\n'));
  await run('apply', '--reason', 'teams');
  expect((await run('import', 'usage.jsonl')).exitCode).toBe(0);
  const printed = ['--number', 'INV-1', '--month', '2026-10', '--issued', '2026-11-01'];
  await run('invoice', 'add', ...printed, '--amount', '10.00', '--tax', '1.60');
  const { document } = await run('allocate', '--month', '2026-10', '--journal', 'generic');
  expect(document).toMatchObject({ basis: 'invoice', totalUsd: '10.000000000' });
  const nano = (usd: string) => BigInt(usd.replace('.', ''));
  const sum = document.lines.reduce(
    (total: bigint, { amountUsd }: { amountUsd: string }) => total + nano(amountUsd),
    0n,
  );
  expect(sum).toBe(10_000_000_000n);
  // $8.40 of usage as 4.50 to 3.00, 5.04 and 3.36; of the tax 0.80 each.
  expect(document.journal.map(({ debit, credit }: Record<string, string>) => debit || `-${credit}`)).toEqual([
    '5.84',
    '4.16',
    '-10.00',
  ]);
});

it('an invoice that one process records, the next one finds, as it was corrected', async () => {
  const { cwd, run } = finance();
  writeFileSync(join(cwd, 'paper.pdf'), 'paper');
  const printed = ['--number', 'INV-1', '--month', '2026-10', '--issued', '2026-11-01'];
  await run('invoice', 'add', ...printed, '--amount', '12.5', '--tax', '2', '--file', 'paper.pdf');
  await run('invoice', 'add', ...printed, '--amount', '12.00', '--reason', 'tax is not ours');
  const { document } = await run('invoice', 'show', 'INV-1');
  expect(document.versions).toMatchObject([
    { revision: 1, amountUsd: '12.50', taxUsd: '2.00', file: { name: 'paper.pdf', sizeBytes: 5 } },
    { revision: 2, amountUsd: '12.00', taxUsd: '0.00', reason: 'tax is not ours' },
  ]);
});

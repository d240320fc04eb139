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

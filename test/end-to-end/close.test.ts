import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runProgram, startProgram } from './run-program.ts';

const CLI = 'packages/tallygate/src/cli/main.ts';
const CALL = { timestamp: '2026-10-14T08:00:00Z', model: 'claude-sonnet-4-5', prompt_tokens: 1_000_000 };
const YAML = `version: 1
teams:
  - { id: support, costCentre: "4711" }
  - { id: search, costCentre: "4712" }
finance: { shared: proportional }
`;

/** Commands as processes, each a client of one that owns the directory and its embedded engine. */
async function closing() {
  const cwd = mkdtempSync(join(tmpdir(), 'tallygate-close-'));
  writeFileSync(join(cwd, 'tallygate.yaml'), YAML);
  const owner = startProgram(CLI, ['serve'], { cwd });
  onTestFinished(async () => {
    owner.process.kill('SIGTERM');
    await owner.ended;
    rmSync(cwd, { recursive: true, force: true });
  });
  await owner.said('Serving');
  const print = (...argv: string[]) => runProgram(CLI, argv, { cwd });
  const run = async (...argv: string[]) => {
    const { exitCode, stdout } = await print(...argv, '--json');
    return { exitCode, document: JSON.parse(stdout) };
  };
  const bring = (name: string, lines: object[]) => {
    writeFileSync(join(cwd, name), lines.map((line) => JSON.stringify(line)).join('\n'));
    return run('import', name);
  };
  return { cwd, print, run, bring };
}

it('a month is closed once, stays what it was told as, and what comes later is told in the next one', async () => {
  const { cwd, print, run, bring } = await closing();
  await run('apply', '--reason', 'teams');
  await bring('october.jsonl', [
    { ...CALL, id: '1', team: 'support', feature: 'chat', completion_tokens: 1_000 },
    { ...CALL, id: '2', team: 'search', completion_tokens: 100_000 },
  ]);
  const both = await Promise.all([run('close', '--month', '2026-10'), run('close', '--month', '2026-10')]);
  const [closed, refused] = both.sort((left, right) => (left.exitCode ?? 9) - (right.exitCode ?? 9));
  expect(closed?.document).toMatchObject({ state: 'closed', number: 1, manifest: { basis: 'charges' } });
  expect(closed?.document.manifest).toMatchObject({
    rowsTied: true,
    versions: { priceIds: [expect.any(String)] },
  });
  expect(['TALLYGATE_PERIOD_CLOSED', 'TALLYGATE_RECORD_OUTDATED']).toContain(refused?.document.error.code);
  await bring('late.jsonl', [
    { ...CALL, id: '3', team: 'support', feature: 'chat', completion_tokens: 1_000 },
  ]);
  const page = await print('statement', '--month', '2026-10', '--team', 'support', '--html');
  const sha256 = createHash('sha256').update(page.stdout).digest('hex');
  expect(closed?.document.manifest.files).toContainEqual({
    ...{ name: 'statements/support.html', sha256, sizeBytes: Buffer.byteLength(page.stdout) },
  });
  const { document: next } = await run('statement', '--month', '2026-11', '--team', 'support');
  const correction = next.steps.find(({ label }: { label: string }) => label === 'correction of 2026-10');
  expect(correction.amountUsd).toBe('3.015000000');

  const pack = (out: string) => run('evidence', '2026-10/support', '--out', out);
  const [first, second] = await Promise.all([pack('one'), pack('two')]);
  expect(second.document.files).toEqual(first.document.files);
  for (const { name, sha256: hash } of first.document.files)
    expect(
      createHash('sha256')
        .update(readFileSync(join(cwd, 'one', name)))
        .digest('hex'),
      name,
    ).toBe(hash);
  const [, ...rows] = readFileSync(join(cwd, 'one/usage.csv'), 'utf8').trimEnd().split('\r\n');
  expect(rows).toHaveLength(2);
  expect(first.document.rows).toEqual({
    ...{ days: 1, sameDays: 0, laterLines: 1, laterUsd: '3.015000000', missingDays: 0 },
  });
  // Whoever takes the late row out of usage.csv, and its last column, has what was hashed when the month was closed.
  const [, told] = readFileSync(join(cwd, 'one/rows.csv'), 'utf8').split('\r\n');
  const [day, backend, state, lines, , closedSha256] = told?.split(',') ?? [];
  expect([day, backend, state, lines]).toEqual(['2026-10-14', 'anthropic', 'later', '1']);
  const hashes = rows.map((row) => {
    const lasting = `${row.slice(0, row.lastIndexOf(','))}\r\n`;
    return createHash('sha256').update(lasting).digest('hex');
  });
  expect(hashes).toContain(closedSha256);
});

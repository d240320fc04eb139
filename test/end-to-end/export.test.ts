import { mkdirSync, mkdtempSync, readdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runProgram, startProgram } from './run-program.ts';

const CLI = 'packages/tallygate/src/cli/main.ts';
const MAY_TO_SEPTEMBER = ['--from', '2026-05-01', '--to', '2026-09-03'];
const DAYS = 125;

const call = (timestamp: string, team: string) => ({
  ...{ timestamp, team, model: 'claude-sonnet-4-5', prompt_tokens: 1_000, completion_tokens: 10 },
});

function tallygate(cwd: string, ...args: string[]) {
  return runProgram(CLI, args, { cwd });
}

/** Resolves as soon as a whole day is on disk. */
function firstDay(directory: string): Promise<void> {
  mkdirSync(directory);
  return new Promise((resolve) => {
    const watcher = watch(directory, (_event, name) => {
      if (!name?.endsWith('.csv')) return;
      watcher.close();
      resolve();
    });
  });
}

describe('tallygate export', () => {
  const cwd = mkdtempSync(join(tmpdir(), 'tg-export-'));

  it('that is killed goes on when it is run again: every day once, whole, with its rows', async () => {
    const rows = [call('2026-09-01T23:59:59Z', 'legal'), call('2026-09-02T00:00:00Z', 'search')];
    writeFileSync(join(cwd, 'past.json'), JSON.stringify(rows));
    expect((await tallygate(cwd, 'import', 'past.json')).exitCode).toBe(0);

    const begun = firstDay(join(cwd, 'rows'));
    const killed = startProgram(CLI, ['export', ...MAY_TO_SEPTEMBER, '--out', 'rows'], { cwd });
    await begun;
    killed.process.kill('SIGKILL');
    await killed.ended;
    const before = readdirSync(join(cwd, 'rows')).filter((name) => name.endsWith('.csv'));
    expect(before.length).toBeLessThan(DAYS);

    const again = await tallygate(cwd, 'export', ...MAY_TO_SEPTEMBER, '--out', 'rows', '--json');
    const document = JSON.parse(again.stdout);
    expect(document).toMatchObject({ schema: 'tallygate.export/1', written: DAYS - before.length });
    expect(again.stderr).toContain(`${before.length} days have a file already`);
    expect(document.files).toHaveLength(DAYS);
    expect(readdirSync(join(cwd, 'rows')).sort()).toEqual(document.files);
    const linesOf = (day: string) =>
      readFileSync(join(cwd, 'rows', `usage-${day}.csv`), 'utf8')
        .trim()
        .split('\n')
        .slice(1);
    expect(linesOf('2026-08-31')).toEqual([]);
    expect(linesOf('2026-09-01')).toEqual([expect.stringContaining('"legal"')]);
    expect(linesOf('2026-09-02')).toEqual([expect.stringContaining('"search"')]);
  });

  it('says what to do where another process keeps the ledger, and within a day', async () => {
    const server = startProgram(CLI, ['serve'], { cwd });
    await server.said('Serving');
    const refused = await tallygate(cwd, 'export', ...MAY_TO_SEPTEMBER, '--out', 'elsewhere');
    server.process.kill('SIGTERM');
    await server.ended;
    expect(refused).toMatchObject({ exitCode: 4, stdout: '' });
    expect(refused.stderr).toMatch(/kept by another process.*\. Run this on the machine that has the ledger/);

    const noon = await tallygate(cwd, 'export', '--from', '2026-05-01T12:00:00Z', '--out', 'elsewhere');
    expect(noon).toMatchObject({ exitCode: 2, stdout: '' });
    expect(noon.stderr).toContain('whole days in UTC');
  });
});

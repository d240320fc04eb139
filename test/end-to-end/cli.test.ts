import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectRemote } from '@tallygate/remote';
import { afterEach, describe, expect, it } from 'vitest';
import { builtProgram } from '../setup/built-programs.ts';

/** The command line as processes on one data directory: real runtime, real files, real signals. */
const MAIN = builtProgram('packages/tallygate/src/cli/main.ts');

const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

function start(directory: string, ...argv: string[]) {
  const child = spawn(process.execPath, [MAIN, ...argv], {
    cwd: directory,
    env: { PATH: process.env['PATH'] ?? '', HOME: directory, USER: 'ann' },
  });
  running.add(child);
  const printed = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    printed.stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    printed.stderr += String(chunk);
  });
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (code) => {
      running.delete(child);
      resolve({ code, ...printed });
    });
  });
  /** Resolves with what a line of stderr matched; rejects when the process ends without it. */
  const said = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(printed.stderr);
        if (match) resolve(match);
      };
      child.stderr.on('data', look);
      look();
      void ended.then(({ code, stderr }) => reject(new Error(`Ended with ${code}: ${stderr}`)));
    });
  return { child, ended, said };
}

const run = (directory: string, ...argv: string[]) => start(directory, ...argv).ended;

const FILE = 'version: 1\nbudgets: [{ id: everything, period: month, limit: { usd: 12.50 } }]\n';

const PAST = [14, 14, 15].map((day, index) => ({
  id: `past-${index}`,
  timestamp: `2026-10-${day}T08:00:00Z`,
  feature: day === 14 ? '=SUM(A1)' : 'plain',
  model: 'claude-sonnet-4-5',
  prompt_tokens: 1_000,
  completion_tokens: 10,
  latency_ms: 800 + 100 * index,
}));

describe('the command line on one data directory', () => {
  it('leads from init to a budget that the next process finds in force, with its record', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tallygate-e2e-'));
    expect((await run(directory, 'init')).code).toBe(0);
    writeFileSync(join(directory, 'tallygate.yaml'), FILE);
    const applied = await run(directory, 'apply', '--reason', 'first budget', '--json');
    expect(JSON.parse(applied.stdout)).toMatchObject({ version: 1, published: true, recorded: true });
    const listed = await run(directory, 'budgets', 'list', '--json');
    expect(JSON.parse(listed.stdout).budgets).toMatchObject([{ id: 'everything', limitUsd: '12.500000000' }]);
    const doctor = await run(directory, 'doctor', '--json');
    expect([doctor.code, JSON.parse(doctor.stdout).healthy]).toEqual([0, true]);
  });

  it('serves the directory to other processes and to a port, and ends cleanly on SIGTERM', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tallygate-e2e-'));
    writeFileSync(join(directory, 'tallygate.yaml'), FILE);
    const server = start(directory, 'serve', '--port', '0');
    const [, url = ''] = await server.said(/and (http:\/\/127\.0\.0\.1:\d+)\n/);

    const doctor = await run(directory, 'doctor', '--json');
    const gate = JSON.parse(doctor.stdout).checks.find((check: { name: string }) => check.name === 'gate');
    expect(gate.found).toContain('owned by another process of this machine');
    expect((await run(directory, 'apply')).code).toBe(0);

    const token = readFileSync(join(directory, '.tallygate', 'token'), 'utf8').trim();
    const remote = connectRemote({ address: { url }, token });
    expect((await remote.gate.configuration()).version).toBe(1);
    const stranger = connectRemote({ address: { url }, token: 'wrong' });
    await expect(stranger.gate.configuration()).rejects.toMatchObject({ code: 'TALLYGATE_TOKEN_REJECTED' });
    await remote.close();
    await stranger.close();

    const second = await run(directory, 'serve');
    expect([second.code, second.stdout]).toEqual([4, '']);
    expect(second.stderr).toMatch(/is served by another process already\. Stop the process/);

    server.child.kill('SIGTERM');
    expect(await server.ended).toMatchObject({ code: 0, stdout: '' });
    const afterwards = await run(directory, 'budgets', 'list', '--json');
    expect(JSON.parse(afterwards.stdout).budgets).toHaveLength(1);
  });

  it('reports the same whether this process keeps the ledger or asks the one that does', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tallygate-e2e-'));
    writeFileSync(join(directory, 'past.jsonl'), PAST.map((row) => `${JSON.stringify(row)}\n`).join(''));
    expect((await run(directory, 'import', 'past.jsonl')).code).toBe(0);
    const october = ['report', '--month', '2026-10'];
    const question = [
      ...october,
      '--grain',
      'day',
      '--by',
      'feature',
      '--top',
      '1',
      '--percentiles',
      '--json',
    ];
    const rebuilt = await run(directory, 'rebuild', '--month', '2026-10', '--json');
    // The rows came in just now: their hours have not settled, and are read from rows.
    expect(JSON.parse(rebuilt.stdout)).toMatchObject({ schema: 'tallygate.rebuild/1', hours: 0 });
    const alone = await run(directory, ...question);

    const server = start(directory, 'serve');
    await server.said(/^Serving /);
    const asClient = await run(directory, ...question);
    expect(JSON.parse(asClient.stdout)).toEqual(JSON.parse(alone.stdout));
    expect(JSON.parse(asClient.stdout)).toMatchObject({
      lines: [{ group: { day: '2026-10-14T00:00:00.000Z', feature: '=SUM(A1)' }, calls: 2 }],
      others: [{ group: { day: '2026-10-15T00:00:00.000Z' }, calls: 1 }],
      total: { calls: 3, usage: { uncachedInputTokens: 3_000 }, latency: { p50: 900 } },
    });

    const elsewhere = await run(directory, 'rebuild', '--month', '2026-10');
    expect(elsewhere).toMatchObject({ code: 4, stdout: '' });
    expect(elsewhere.stderr).toContain('The ledger is kept by another process');

    const csv = await run(directory, ...october, '--by', 'feature', '--csv');
    expect(csv.stdout.split('\r\n')[1]).toMatch(/^'=SUM\(A1\),2,2,0,2000,/);
    const top = await run(directory, 'top', '--last', '31d', '--json');
    expect(JSON.parse(top.stdout)).toMatchObject({ schema: 'tallygate.top/1', coverage: { reported: {} } });
    const refused = await run(directory, 'report', '--days', '60', '--percentiles');
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain('at most 31 days can be asked for at once. Ask month by month');
    server.child.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);
  });

  it('answers a directory that cannot be used with one sentence, as text and as JSON', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tallygate-e2e-'));
    writeFileSync(join(directory, 'occupied'), '');
    const text = await run(directory, 'report', '--data', 'occupied');
    expect(text).toMatchObject({ code: 2, stdout: '' });
    expect(text.stderr).toMatch(
      /^tallygate: The data directory .* cannot be used \(\w+\)\. Set TALLYGATE_DATA .*\n$/,
    );
    const json = await run(directory, 'report', '--data', 'occupied', '--json');
    expect(json).toMatchObject({ code: 2, stderr: '' });
    expect(JSON.parse(json.stdout).error.code).toBe('TALLYGATE_CONFIGURATION_INVALID');
    expect(existsSync(join(directory, '.tallygate'))).toBe(false);
  });

  it('does not complain when the reader of its output leaves early', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tallygate-e2e-'));
    const child = start(directory, 'report', '--json');
    child.child.stdout?.destroy();
    const { code, stderr } = await child.ended;
    expect([code, stderr.includes('EPIPE')]).toEqual([0, false]);
  });
});

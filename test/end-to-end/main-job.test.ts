import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DemoResult } from '@tallygate/demo';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningProgram, runProgram, startProgram } from './run-program.ts';

const MAIN = 'services/demo/src/main.ts';
const CLI = 'packages/tallygate/src/cli/main.ts';

/** Exact: decimal strings of USD as integers of pico-USD. */
function pico(usd: string | null): bigint {
  const [whole = '', fraction = ''] = (usd ?? 'missing').replace('-', '').split('.');
  const magnitude = BigInt(whole) * 10n ** 12n + BigInt(fraction.padEnd(12, '0'));
  return usd?.startsWith('-') ? -magnitude : magnitude;
}

describe('npm start -- --once --json', () => {
  let directory: string;
  let stdout: string;
  let result: DemoResult;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tallygate-e2e-'));
    const run = await runProgram(MAIN, ['--once', '--json'], { cwd: directory });
    expect(run.stderr).not.toContain('    at ');
    expect(run.exitCode).toBe(0);
    stdout = run.stdout;
    result = JSON.parse(stdout) as DemoResult;
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('prints exactly one JSON document', () => {
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  });

  it('plays every kind of call: streamed, denied, aborted, retried', () => {
    expect(result.calls).toBeGreaterThanOrEqual(200);
    for (const kind of ['streamed', 'denied', 'aborted', 'retried'] as const)
      expect(result[kind]).toBeGreaterThan(0);
    expect(result.attempts).toBe(result.calls - result.denied + result.retried);
  });

  it('loses no event and stores none twice', () => {
    expect(result.eventsRecorded).toBe(result.attempts);
    expect(result.eventsInLedger).toBe(result.eventsRecorded);
    expect(result.duplicates).toBe(0);
  });

  it('keeps every budget within its limit, runs one of them out, and leaves nothing held', () => {
    expect(result.budgets.length).toBeGreaterThanOrEqual(6);
    for (const { limitUsd, spentUsd, heldUsd } of result.budgets) {
      expect(pico(spentUsd)).toBeLessThanOrEqual(pico(limitUsd));
      expect(heldUsd).toBe('0.000000000');
    }
    const growth = result.budgets.find(({ scope }) => scope === 'team growth');
    expect(pico(growth?.spentUsd ?? null)).toBeGreaterThan(pico(growth?.limitUsd ?? null) / 2n);
  });

  it('charges the organization exactly what the ledger holds', () => {
    const company = result.budgets.find(({ scope }) => scope === 'organization');
    expect(pico(company?.spentUsd ?? null)).toBe(pico(result.internalUsd));
  });

  it('explains the bill to the control that nothing covers, exactly', () => {
    const explained = result.explained.reduce((sum, { usd }) => sum + pico(usd), 0n);
    expect(pico(result.internalUsd) + explained + pico(result.residualUsd)).toBe(pico(result.billedUsd));
    expect(result.residualUsd).toBe(result.controlUsd);
    expect(result.controlUsd).toBe('0.010000000');
    expect(result.explained.map(({ cause }) => cause)).toContain('aborted_estimate');
  });
});

describe('while npm start holds the data directory', () => {
  let directory: string;
  let demo: RunningProgram;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tallygate-e2e-'));
    demo = startProgram(MAIN, [], { cwd: directory });
    await demo.said('The console runs at http://127.0.0.1:');
  });
  afterAll(async () => {
    demo.process.kill('SIGINT');
    await demo.ended;
    rmSync(directory, { recursive: true, force: true });
  });

  const cli = (...args: string[]) => runProgram(CLI, args, { cwd: directory });

  it('tallygate report from another process shows the same spend', async () => {
    const report = await cli('report', '--by', 'team', '--json');
    expect(report).toMatchObject({ exitCode: 0 });
    const text = JSON.stringify(JSON.parse(report.stdout));
    for (const team of ['support', 'search', 'research', 'growth']) expect(text).toContain(team);
  });

  it('tallygate budgets list shows every budget', async () => {
    const budgets = await cli('budgets', 'list', '--json');
    expect(budgets).toMatchObject({ exitCode: 0 });
    expect(budgets.stdout).toContain('deep-dive-day');
  });

  it('the overview page shows teams, budgets and the last reconciliation', async () => {
    const page = await (await fetch(consoleUrl(demo))).text();
    for (const expected of ['Growth', 'Research', '0.01']) expect(page).toContain(expected);
  });

  it('a second npm start says who owns the directory, and how to go on', async () => {
    const second = await runProgram(MAIN, ['--data', join(directory, '.tallygate'), '--once'], {
      cwd: directory,
    });
    expect(second.exitCode).toBe(4);
    expect(second.stderr).toMatch(/in use|own/);
    expect(second.stderr).not.toContain('    at ');
  });
});

function consoleUrl(demo: RunningProgram): string {
  const found = /The console runs at (\S+)/.exec(demo.errorText());
  if (!found?.[1]) throw new Error('no console address was printed');
  return found[1];
}

import { once } from 'node:events';
import {
  appendFileSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { type ProgramResult, runProgram, startProgram } from './run-program.ts';

const CLI = 'packages/tallygate/src/cli/main.ts';
const environment = { TALLYGATE_PSEUDONYM_KEY: 'a long key of the test' };
const START_MS = Date.UTC(2026, 8, 1);
const TEAMS = ['support', 'search', 'legal'];

const emptyDirectory = () => mkdtempSync(join(tmpdir(), 'tg-import-'));
const document = ({ stdout }: ProgramResult) => JSON.parse(stdout) as Record<string, unknown>;
const september = ['--month', '2026-09'];

function tallygate(cwd: string, ...args: string[]) {
  return runProgram(CLI, args, { cwd, environment });
}

/** 20 seconds apart; every thousandth is followed by its honest twin. */
function row(index: number): Record<string, unknown> {
  const twin = index % 1_000 === 1 ? index - 1 : index;
  return {
    timestamp: new Date(START_MS + twin * 20_000).toISOString(),
    user_id: `user-${twin % 97}@example.com`,
    team: TEAMS[twin % TEAMS.length],
    model: 'claude-sonnet-4-5',
    prompt_tokens: 1_000,
    completion_tokens: 10,
    cost_per_token_prompt: 0.000003,
    cost_per_token_completion: '1.5e-05',
  };
}
const CONTRACT = `version: 1
contractPrices:
  - { id: c, discountPercent: "10", source: order form }
`;
/** 1,000 × 3 + 10 × 15 micro-USD. */
const ROW_NANO_USD = 3_150_000n;

async function writeRows(path: string, from: number, to: number): Promise<void> {
  const stream = createWriteStream(path);
  for (let index = from; index < to; index += 1) {
    if (!stream.write(`${JSON.stringify(row(index))}\n`)) await once(stream, 'drain');
  }
  stream.end();
  await finished(stream);
}

async function reported(cwd: string): Promise<{ calls: unknown; costNanoUsd: bigint; text: string }> {
  const result = await tallygate(cwd, 'report', ...september, '--by', 'team,user,line', '--json');
  const { total } = document(result) as { total: { calls: number; contractedCostUsd: string } };
  return {
    calls: total.calls,
    costNanoUsd: BigInt(total.contractedCostUsd.replace('.', '')),
    text: result.stdout,
  };
}

/** Resolves as soon as the first rows are known to be stored. */
function firstNote(directory: string): Promise<void> {
  const notes = join(directory, '.tallygate', 'imports');
  mkdirSync(notes, { recursive: true });
  return new Promise((resolve) => {
    const watcher = watch(notes, (_event, name) => {
      if (!name?.endsWith('.json')) return;
      watcher.close();
      resolve();
    });
  });
}

describe('usage of the past', () => {
  const cwd = emptyDirectory();

  it('is counted once from overlapping files in two formats, twins twice; bad lines are set aside; nobody is shown', async () => {
    await writeRows(join(cwd, 'past.jsonl'), 0, 60);
    appendFileSync(
      join(cwd, 'past.jsonl'),
      `nonsense\n${JSON.stringify({ ...row(60), timestamp: 'today' })}`,
    );
    const columns = Object.keys(row(0));
    const cells = [columns, ...Array.from({ length: 61 }, (_, index) => Object.values(row(index)))];
    writeFileSync(join(cwd, 'later.csv'), cells.map((each) => each.join(',')).join('\r\n'));

    const first = await tallygate(cwd, 'import', 'past.jsonl', '--json');
    expect(first.exitCode).toBe(3);
    expect(document(first)).toMatchObject({ records: 62, imported: 60, alreadyStored: 0, rejected: 2 });
    expect(first.stderr).toContain('line 61: it is not JSON');
    const aside = readFileSync(join(cwd, 'past.jsonl.rejected.jsonl'), 'utf8').trim().split('\n');
    expect(aside.map((line) => JSON.parse(line))).toEqual([
      { line: 61, reason: 'it is not JSON', text: 'nonsense' },
      { line: 62, reason: 'timestamp "today" is no instant', row: expect.anything() },
    ]);

    const dry = await tallygate(cwd, 'import', 'later.csv', '--dry-run', '--json');
    expect(document(dry)).toMatchObject({ imported: 1, dryRun: true });
    const second = await tallygate(cwd, 'import', 'later.csv', '--json');
    expect(document(second)).toMatchObject({ records: 61, imported: 1, alreadyStored: 60, pricesDiffer: 0 });

    const { calls, costNanoUsd, text } = await reported(cwd);
    expect([calls, costNanoUsd]).toEqual([61, 61n * ROW_NANO_USD]);
    expect(text).not.toContain('example.com');
    expect(text).toContain('"imported"');
  });

  it('is priced again by what is in force: shown, then written once, to the nano, with what moves per team', async () => {
    writeFileSync(join(cwd, 'tallygate.yaml'), CONTRACT);
    expect((await tallygate(cwd, 'apply', '--reason', 'order form')).exitCode).toBe(0);
    const rerate = ['prices', 'rerate', ...september, '--json'];
    const move = { correctedLines: 61, movesUsd: '-0.019215000' };
    expect(document(await tallygate(cwd, ...rerate))).toMatchObject({ applied: false, total: move });

    const applied = document(await tallygate(cwd, ...rerate, '--apply', '--reason', 'order form'));
    expect(applied).toMatchObject({ applied: true, lines: 61, total: move });
    const teams = applied['teams'] as { team: string }[];
    expect(teams.map(({ team }) => team)).toEqual(['legal', 'search', 'support']);
    const again = document(await tallygate(cwd, ...rerate, '--apply'));
    expect(again).toMatchObject({ lines: 61, total: { correctedLines: 0, movesUsd: '0.000000000' } });
    const { calls, costNanoUsd } = await reported(cwd);
    expect([calls, costNanoUsd]).toEqual([61, (61n * ROW_NANO_USD * 9n) / 10n]);
  });

  it('is charged to another team on command: once, to the nano, and neither counts nor prices move by it', async () => {
    const where = ['--where', 'team=legal', '--to', 'support', '--reason', 'INC-9'];
    const reassign = ['reassign', ...where, ...september, '--json'];
    const moved = { attempts: 20, usd: '0.056700000', teams: [{ team: 'legal', attempts: 20 }] };
    expect(document(await tallygate(cwd, ...reassign))).toMatchObject({ applied: false, ...moved });
    expect(document(await tallygate(cwd, ...reassign, '--yes'))).toMatchObject({ applied: true, ...moved });
    expect(document(await tallygate(cwd, ...reassign, '--yes'))).toMatchObject({ attempts: 0, teams: [] });
    const rerated = document(await tallygate(cwd, 'prices', 'rerate', ...september, '--json'));
    expect(rerated).toMatchObject({ lines: 61, total: { correctedLines: 0 } });
    const { calls, costNanoUsd } = await reported(cwd);
    expect([calls, costNanoUsd]).toEqual([61, (61n * ROW_NANO_USD * 9n) / 10n]);
    const legal = ['report', ...september, '--where', 'team=legal', '--json'];
    const { total } = document(await tallygate(cwd, ...legal)) as { total: { calls: number } };
    expect(total).toMatchObject({ calls: 20, contractedCostUsd: '0.000000000' });
  });

  it('older than the ledger keeps rows is set aside and told, never taken and forgotten; it is taken once rows are kept that long', async () => {
    const cwd = emptyDirectory();
    const old = { ...row(0), timestamp: '2024-05-01T12:00:00Z' };
    const young = { ...row(0), timestamp: new Date(Date.now() - 86_400_000).toISOString() };
    writeFileSync(join(cwd, 'years.jsonl'), [old, young].map((each) => JSON.stringify(each)).join('\n'));
    const first = await tallygate(cwd, 'import', 'years.jsonl', '--json');
    expect(document(first)).toMatchObject({ imported: 1, rejected: 1 });
    expect(first.exitCode).toBe(3);
    expect(first.stderr).toMatch(/line 1: .*400 days.*TALLYGATE_RAW_RETENTION_DAYS/);

    const forLong = { ...environment, TALLYGATE_RAW_RETENTION_DAYS: '4000' };
    const again = await runProgram(CLI, ['import', 'years.jsonl', '--json'], { cwd, environment: forLong });
    expect(document(again)).toMatchObject({ imported: 1, alreadyStored: 1, rejected: 0 });
    const may = ['report', '--month', '2024-05', '--json'];
    const { total } = document(await tallygate(cwd, ...may)) as { total: { calls: number } };
    expect(total.calls).toBe(1);
  });

  it('that is killed in the middle goes on when it is run again, within bounded memory, and loses and doubles nothing', async () => {
    const cwd = emptyDirectory();
    const [rows, held] = [100_000, 'big.jsonl'];
    await writeRows(join(cwd, held), 0, rows);
    const noted = firstNote(cwd);
    const killed = startProgram(CLI, ['import', held], { cwd, environment });
    await noted;
    killed.process.kill('SIGKILL');
    await killed.ended;

    const bounded = { ...environment, NODE_OPTIONS: '--max-old-space-size=96' };
    const again = await runProgram(CLI, ['import', held, '--json'], { cwd, environment: bounded });
    expect(again.stderr).not.toContain('heap');
    const { records, imported, alreadyStored } = document(again) as Record<string, number>;
    expect([records, (imported ?? 0) + (alreadyStored ?? 0)]).toEqual([rows, rows]);
    expect(alreadyStored).toBeGreaterThanOrEqual(10_000);
    const { calls, costNanoUsd } = await reported(cwd);
    expect([calls, costNanoUsd]).toEqual([rows, BigInt(rows) * ROW_NANO_USD]);
    expect(existsSync(join(cwd, `${held}.rejected.jsonl.new`))).toBe(false);
  });
});

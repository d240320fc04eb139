import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningSimulator, startSimulator } from '@tallygate/simulator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from './run-program.ts';

const CLI = 'packages/tallygate/src/cli/main.ts';
const NOBODY_LISTENS = '127.0.0.1:1';

/** What a user can get wrong, the exit code it ends with, and the words that point at the cure. */
interface BadInput {
  name: string;
  args: string[];
  environment?: Record<string, string>;
  yaml?: string;
  exitCode: number;
  says: RegExp;
}

const yamlWith = (budget: string) =>
  `version: 1\nteams:\n  - id: support\nbudgets:\n  - id: b\n    scope: { team: support }\n${budget}\n`;
const limited = (limit: string, zone = 'UTC') =>
  yamlWith(`    limit: { usd: ${limit} }\n    period: month\n    timeZone: ${zone}`);

const CASES: BadInput[] = [
  {
    name: 'a URL that is none',
    args: ['report'],
    environment: { TALLYGATE_URL: 'not a url' },
    exitCode: 2,
    says: /TALLYGATE_URL/,
  },
  {
    name: 'a control plane that nobody runs',
    args: ['report'],
    environment: { TALLYGATE_URL: `http://${NOBODY_LISTENS}` },
    exitCode: 4,
    says: /127\.0\.0\.1:1/,
  },
  {
    name: 'a Redis that nobody runs',
    args: ['budgets', 'list'],
    environment: { TALLYGATE_REDIS_URL: `redis://${NOBODY_LISTENS}` },
    exitCode: 4,
    says: /Redis/,
  },
  {
    name: 'a ClickHouse that nobody runs',
    args: ['report'],
    environment: { TALLYGATE_CLICKHOUSE_URL: `http://user:geheim@${NOBODY_LISTENS}` },
    exitCode: 4,
    says: /ClickHouse/,
  },
  {
    name: 'an unknown variable',
    args: ['report'],
    environment: { TALLYGATE_REDIS_ULR: 'x' },
    exitCode: 2,
    says: /TALLYGATE_REDIS_URL/,
  },
  {
    name: 'a mode that does not exist',
    args: ['report'],
    environment: { TALLYGATE_MODE: 'strict' },
    exitCode: 2,
    says: /observe/,
  },
  {
    name: 'malformed YAML',
    args: ['plan'],
    yaml: 'version: 1\nteams: [',
    exitCode: 2,
    says: /tallygate\.yaml/,
  },
  { name: 'a newer file', args: ['plan'], yaml: 'version: 2\n', exitCode: 2, says: /[Uu]pgrade/ },
  { name: 'a negative limit', args: ['plan'], yaml: limited('"-5"'), exitCode: 2, says: /-5/ },
  {
    name: 'a limit finer than a nano-dollar',
    args: ['plan'],
    yaml: limited('"0.0000000001"'),
    exitCode: 2,
    says: /0\.0000000001/,
  },
  {
    name: 'an unknown zone',
    args: ['plan'],
    yaml: limited('"5"', 'Mars/Olympus'),
    exitCode: 2,
    says: /Mars\/Olympus/,
  },
  {
    name: 'a budget of a team nobody lists',
    args: ['plan'],
    yaml: limited('"5"').replace('team: support', 'team: suport'),
    exitCode: 2,
    says: /support/,
  },
  {
    name: 'a budget that does not exist',
    args: ['budgets', 'show', 'nothing'],
    exitCode: 2,
    says: /budgets list/,
  },
  { name: 'a command that does not exist', args: ['reprot'], exitCode: 2, says: /report/ },
];

describe('bad input', () => {
  let directory: string;
  let simulator: RunningSimulator;

  beforeAll(async () => {
    simulator = await startSimulator();
    directory = mkdtempSync(join(tmpdir(), 'tallygate-bad-'));
  });
  afterAll(async () => {
    await simulator.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const run = (input: Omit<BadInput, 'name' | 'exitCode' | 'says'>, json: boolean) => {
    const cwd = mkdtempSync(join(directory, 'case-'));
    if (input.yaml !== undefined) writeFileSync(join(cwd, 'tallygate.yaml'), input.yaml);
    const environment = input.environment ?? {};
    return runProgram(CLI, json ? [...input.args, '--json'] : input.args, { cwd, environment });
  };

  it.concurrent.each(CASES)(
    '$name is one clear sentence with its cure and exit code $exitCode',
    async ({ exitCode, says, ...input }) => {
      const [text, json] = await Promise.all([run(input, false), run(input, true)]);
      expect(text.stderr).toMatch(says);
      expect(text.stderr + text.stdout).not.toMatch(/\n\s+at |geheim/);
      expect(text.exitCode).toBe(exitCode);
      expect(json.exitCode).toBe(exitCode);
      expect(JSON.parse(json.stdout)).toMatchObject({
        error: { message: expect.any(String), cure: expect.any(String) },
      });
    },
  );

  it.concurrent('a wrong admin key is told from an unreachable provider', async () => {
    const wrong = { TALLYGATE_PROVIDER_URL: simulator.url, ANTHROPIC_ADMIN_KEY: 'sk-ant-admin01-wrong' };
    const away = { ...wrong, TALLYGATE_PROVIDER_URL: `http://${NOBODY_LISTENS}` };
    const [rejected, unreachable] = await Promise.all([
      run({ args: ['reconcile'], environment: wrong }, true),
      run({ args: ['reconcile'], environment: away }, true),
    ]);
    expect(JSON.parse(rejected.stdout)).toMatchObject({ error: { code: 'TALLYGATE_KEY_REJECTED' } });
    expect(JSON.parse(unreachable.stdout)).toMatchObject({
      error: { code: 'TALLYGATE_PROVIDER_UNAVAILABLE' },
    });
    expect([rejected.exitCode, unreachable.exitCode]).toEqual([4, 4]);
    expect(rejected.stdout + rejected.stderr).not.toContain('sk-ant-admin01-wrong');
  });

  it.concurrent('doctor says what is wrong and how to mend it, and exits 3', async () => {
    const doctor = await run(
      { args: ['doctor'], environment: { TALLYGATE_REDIS_URL: `redis://${NOBODY_LISTENS}` } },
      true,
    );
    expect(doctor.exitCode).toBe(3);
    expect(doctor.stdout).toContain('Redis');
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { DEFAULT_API_KEY, startSimulator } from '@tallygate/simulator';
import { emptyConfiguration, nanoFromUsd } from '@tallygate/usage';
import { BudgetExceededError, openTallygate, tallygate } from 'tallygate';
import { expect, it, onTestFinished } from 'vitest';
import { runProgram } from './run-program.ts';

const CLI = 'packages/tallygate/src/cli/main.ts';
const BUDGET = { id: 'chat', scope: { feature: 'chat' }, period: 'day', timeZone: 'UTC' } as const;

async function denied(dataDirectory: string): Promise<BudgetExceededError> {
  const simulator = await startSimulator();
  onTestFinished(() => simulator.close());
  const settings = { organization: 'acme', dataDirectory, mode: 'enforce' } as const;
  const runtime = await openTallygate(settings);
  const budgets = [{ ...BUDGET, limit: nanoFromUsd('0.000001'), onOutage: 'block' as const }];
  await runtime.gate.publish({ ...emptyConfiguration('acme'), version: 1, budgets });
  const tally = tallygate({ ...settings, team: 'support', feature: 'chat' });
  const claude = tally.wrap(new Anthropic({ apiKey: DEFAULT_API_KEY, baseURL: simulator.url }));
  const messages = [{ role: 'user' as const, content: 'hi' }];
  const error = await claude.messages
    .create({ model: 'claude-haiku-5-5', max_tokens: 50, messages })
    .catch((thrown: unknown) => thrown);
  await tally.close();
  await runtime.close();
  if (error instanceof BudgetExceededError) return error;
  throw error;
}

it('the error that a caller gets names the id that "tallygate why" explains, whoever asks', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tallygate-why-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const error = await denied(directory);
  const [, id = ''] = /tallygate why ([0-9a-f-]{36})"/.exec(error.message) ?? [];
  expect(id).toBe(error.denial.denialId);
  const environment = { TALLYGATE_ORGANIZATION: 'acme', TALLYGATE_DATA: directory };
  const why = await runProgram(CLI, ['why', id, '--json'], { cwd: directory, environment });
  expect({ exitCode: why.exitCode, ...JSON.parse(why.stdout) }).toMatchObject({
    exitCode: 0,
    denialId: id,
    budgetId: 'chat',
    limitUsd: '0.000001000',
    configVersion: 1,
    overrides: [],
    commands: [
      'tallygate top --last 1h --where feature=chat --by team,user',
      expect.any(String),
      expect.any(String),
    ],
  });
  expect(why.stderr).toBe('');
});

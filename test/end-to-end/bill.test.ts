import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { DEFAULT_ADMIN_KEY, DEFAULT_API_KEY, startSimulator } from '@tallygate/simulator';
import { expect, it, onTestFinished } from 'vitest';
import { runProgram } from './run-program.ts';

const CLI = 'packages/tallygate/src/cli/main.ts';

it('an admin key alone says what was billed, to the last digit: nothing was metered, nothing is left behind', async () => {
  const { url, simulator, close } = await startSimulator({ eventDelayMs: 0 });
  onTestFinished(close);
  const cwd = mkdtempSync(join(tmpdir(), 'tallygate-bill-'));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  const claude = new Anthropic({ apiKey: DEFAULT_API_KEY, baseURL: url, maxRetries: 0 });
  for (const model of ['claude-opus-5-5', 'claude-opus-5-5', 'claude-sonnet-5-5'])
    await claude.messages.create({ model, max_tokens: 40, messages: [{ role: 'user', content: 'hi' }] });
  await simulator.idle();

  const environment = { ANTHROPIC_ADMIN_KEY: DEFAULT_ADMIN_KEY, TALLYGATE_PROVIDER_URL: url };
  const billed = await runProgram(CLI, ['bill', '--days', '2', '--group-by', 'model,key', '--json'], {
    cwd,
    environment,
  });
  expect(billed.exitCode).toBe(0);
  const bill = JSON.parse(billed.stdout);
  expect(bill).toMatchObject({ schema: 'tallygate.bill/1', source: 'analytics', caveats: [] });
  expect(Number(bill.total.costUsd)).toBe(Number(simulator.served().billedUsd));
  const requestsOf = ({ requests }: { requests: number }) => requests;
  expect(bill.lines.toSorted((a: never, b: never) => requestsOf(b) - requestsOf(a))).toMatchObject([
    { group: { model: 'claude-opus-5-5', api_key_id: 'apikey_01SimulatorDefault' }, requests: 2 },
    { group: { model: 'claude-sonnet-5-5' }, requests: 1 },
  ]);
  expect(bill.withoutTeam).toMatchObject([{ kind: 'key', id: 'apikey_01SimulatorDefault' }]);
  expect(readdirSync(cwd)).toEqual([]);
});

import { fileURLToPath } from 'node:url';
import { openTallygate } from 'tallygate';
import { describe, expect, test } from 'vitest';
import { budgetOf, snapshotOf, usd } from '../../contract/gate-fixtures.ts';
import { runProgram } from '../../end-to-end/run-program.ts';
import { type Commanded, startCommanded, temporaryDirectory } from '../owner/processes.ts';
import type { CallingCommands } from './calling-main.ts';
import { newOrganization, openGate, redisUrl } from './redis-fixtures.ts';

/** Decisions at two in the morning: two applications and the command line, each a process of its own. */
const CALLING = fileURLToPath(new URL('./calling-main.ts', import.meta.url));
const CLI = 'packages/tallygate/src/cli/main.ts';
/** A port on which nothing listens: ledger and control plane are down. */
const NOBODY = 'http://127.0.0.1:1';
const BUDGETS = [budgetOf('all', usd('1'))];

async function callers(environment: Record<string, string>): Promise<Commanded<CallingCommands>[]> {
  const started: Commanded<CallingCommands>[] = [];
  for (const _ of ['first', 'second']) {
    const caller = await startCommanded<CallingCommands>(CALLING, { environment });
    await caller.do('open');
    started.push(caller);
  }
  return started;
}

/** Both gates: the one that Redis shares, with everything else down, and the one of a directory's owner. */
const GATES = {
  'Redis while ledger and control plane are down': async () => {
    const organization = newOrganization();
    await (await openGate({ organization })).publish(snapshotOf(organization, 1, BUDGETS));
    const environment = {
      TALLYGATE_ORGANIZATION: organization,
      TALLYGATE_REDIS_URL: redisUrl,
      TALLYGATE_CLICKHOUSE_URL: NOBODY,
      TALLYGATE_URL: NOBODY,
      TALLYGATE_TOKEN: 'none',
      TALLYGATE_DATA: temporaryDirectory(),
    };
    return { environment, isRecorded: false };
  },
  'the owner of a directory': async () => {
    const dataDirectory = temporaryDirectory();
    const runtime = await openTallygate({ dataDirectory, organization: 'acme' });
    await runtime.gate.publish(snapshotOf('acme', 1, BUDGETS));
    await runtime.close();
    return {
      environment: { TALLYGATE_ORGANIZATION: 'acme', TALLYGATE_DATA: dataDirectory },
      isRecorded: true,
    };
  },
};

describe.each(Object.entries(GATES))('an override at %s', (_gate, prepare) => {
  test('is in force at the next call of every process', async () => {
    const { environment, isRecorded } = await prepare();
    const both = await callers(environment);
    const decide = async (...argv: string[]) => {
      const cwd = temporaryDirectory();
      const { exitCode, stdout } = await runProgram(CLI, [...argv, '--json'], { cwd, environment });
      expect({ exitCode, ...JSON.parse(stdout) }).toMatchObject({ exitCode: 0, recorded: isRecorded });
    };
    const next = (amountUsd: string) => Promise.all(both.map((caller) => caller.do('call', { amountUsd })));

    expect(await next('2')).toEqual(['limit', 'limit']);
    await decide('budgets', 'grant', 'all', '--amount', '4', '--for', '1h', '--reason', 'launch');
    expect(await next('2')).toEqual(['held', 'held']);
    await decide('budgets', 'pause', '--feature', 'chat', '--reason', 'runaway');
    expect(await next('0')).toEqual(['paused', 'paused']);
    await decide('gate', 'observe', '--for', '1h', '--reason', 'false denials');
    expect(await next('2')).toEqual(['observed', 'observed']);
  });
});

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { DEFAULT_API_KEY, startSimulator } from '@tallygate/simulator';
import { emptyConfiguration, nanoFromUsd, TallygateError, usdFromNano } from '@tallygate/usage';
import { openTallygate, type TallygateOptions, tallygate } from 'tallygate';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runProgram } from '../../end-to-end/run-program.ts';
import { onReadOnly, started, temporaryDirectory } from './application-process.ts';
import { controlPlaneOfAcme } from './control-plane.ts';

const ALWAYS = { organization: 'acme', fromMs: 0, toMs: 4_000_000_000_000 };

/** Where no directory can be made, as on a read-only root: below a file. */
function unwritable(): string {
  const file = join(temporaryDirectory(), 'file');
  writeFileSync(file, '');
  return join(file, 'data');
}

async function application(settings: Record<string, string>, given: TallygateOptions = {}) {
  const simulator = await startSimulator();
  onTestFinished(() => simulator.close());
  const warnings: { message: string; fields: object | undefined }[] = [];
  const warn = (message: string, fields?: object) => void warnings.push({ message, fields });
  const tally = tallygate({
    ...{ organization: 'acme', team: 'support', dataDirectory: unwritable() },
    ...{ url: settings['TALLYGATE_URL'], token: settings['TALLYGATE_TOKEN'] },
    logger: { debug: () => {}, info: () => {}, warn, error: warn },
    ...given,
  });
  onTestFinished(() => tally.close());
  const claude = tally.wrap(
    new Anthropic({ apiKey: DEFAULT_API_KEY, baseURL: simulator.url, maxRetries: 0 }),
  );
  const ask = () =>
    claude.messages.create({
      model: 'claude-haiku-5-5',
      max_tokens: 50,
      messages: [{ role: 'user', content: 'hi' }],
    });
  return { tally, ask, warnings };
}

function budgetOf(limitUsd: string) {
  const budget = { id: 'all', scope: {}, period: 'month', timeZone: 'UTC', onOutage: 'block' } as const;
  return {
    ...emptyConfiguration('acme'),
    version: 1,
    budgets: [{ ...budget, limit: nanoFromUsd(limitUsd) }],
  };
}

describe('a function that is frozen the moment its flush has resolved', () => {
  it.each([
    ['with a disk', temporaryDirectory],
    ['on a read-only root', unwritable],
  ])('%s has its usage in the ledger', async (_where, directory) => {
    const { runtime, settings } = await controlPlaneOfAcme();
    const { child } = await started('frozen after its flush', settings, directory());
    child.kill('SIGSTOP');
    expect(await runtime.history?.counts(ALWAYS)).toMatchObject({ events: 1, settlements: 1 });
  });

  it('on a file system that is mounted read-only has its usage in the ledger', async (context) => {
    const directory = temporaryDirectory();
    const [command = '', ...mounting] = onReadOnly(directory);
    if (spawnSync(command, [...mounting, 'true']).status !== 0) return context.skip('no mount of its own');
    const { runtime, settings } = await controlPlaneOfAcme();
    const { child } = await started('frozen after its flush', settings, directory, onReadOnly(directory));
    child.kill('SIGSTOP');
    expect(await runtime.history?.counts(ALWAYS)).toMatchObject({ events: 1, settlements: 1 });
  });
});

describe('an application on a read-only root', () => {
  it('meters into the ledger of a control plane, and says once what may be lost', async () => {
    const { runtime, settings } = await controlPlaneOfAcme();
    const { tally, ask, warnings } = await application(settings);
    await ask();
    await ask();
    expect(await tally.flush()).toMatchObject({ pending: 0 });
    expect(await runtime.history?.counts(ALWAYS)).toMatchObject({ events: 2, settlements: 2 });
    const said = warnings.filter(({ message }) => message.startsWith('No data directory can be written'));
    expect(said).toHaveLength(1);
    expect(said[0]?.fields).toMatchObject({ mayBeLost: expect.stringContaining('kill -9') });
  });

  it('is denied over its budget, and in outage when nobody answers: as with a disk', async () => {
    const { runtime, settings } = await controlPlaneOfAcme();
    await runtime.gate.publish(budgetOf('0.000001'));
    const { ask } = await application(settings, { mode: 'enforce' });
    await expect(ask()).rejects.toMatchObject({ code: 'TALLYGATE_BUDGET_EXCEEDED' });
    const nobody = { TALLYGATE_URL: 'http://127.0.0.1:9' };
    const alone = await application(nobody, { mode: 'enforce', url: nobody.TALLYGATE_URL });
    await expect(alone.ask()).rejects.toMatchObject({ code: 'TALLYGATE_GATE_UNAVAILABLE' });
  });

  it('that is killed while the ledger is away leaves a gap, which "tallygate drift" prices', async () => {
    const { runtime, settings, dataDirectory } = await controlPlaneOfAcme();
    await runtime.gate.publish(budgetOf('10'));
    const away = new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', { message: 'The ledger is away.' });
    Object.assign(runtime.remoteBackend.destination, { store: () => Promise.reject(away) });
    const { child, ended } = await started('killed before its flush', settings, unwritable());
    await expect.poll(async () => (await runtime.gate.balances())[0]?.spent).toBeGreaterThan(0n);
    child.kill('SIGKILL');
    await ended;
    expect(await runtime.history?.counts(ALWAYS)).toMatchObject({ events: 0, settlements: 0 });
    const lostUsd = usdFromNano((await runtime.gate.balances())[0]?.spent ?? 0n);
    const { exitCode, stdout } = await runProgram('packages/tallygate/src/cli/main.ts', ['drift', '--json'], {
      cwd: dataDirectory,
      environment: { TALLYGATE_DATA: dataDirectory, TALLYGATE_ORGANIZATION: 'acme' },
    });
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      budgets: [{ budget: 'all', state: 'drift', gateUsd: lostUsd, differenceUsd: lostUsd }],
    });
  });

  it.each([
    ['keeps budgets or a ledger in it', {}],
    ['was told to wait for a disk that confirms', { url: 'http://127.0.0.1:9', durability: 'fsync' }],
  ] as const)('does not start where it %s', async (_why, settings) => {
    const opening = openTallygate({ organization: 'acme', dataDirectory: unwritable(), ...settings });
    await expect(opening).rejects.toMatchObject({ code: 'TALLYGATE_CONFIGURATION_INVALID' });
  });
});

describe('SIGTERM while neither gate nor ledger answers', () => {
  it('ends the process at TALLYGATE_DRAIN_MS, and what it recorded is found by the next process', async () => {
    let questions = 0;
    const silent = createServer((socket) => {
      questions += 1;
      socket.on('error', () => {});
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const drain = { TALLYGATE_URL: url, TALLYGATE_DRAIN_MS: '300' };
    const { child, ended, dataDirectory } = await started('by SIGTERM', drain);
    const before = questions;
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: null, signal: 'SIGTERM' });
    // A settlement is tried six times, two seconds each.
    expect(questions - before).toBeLessThan(6);

    const next = await openTallygate({ dataDirectory, organization: 'acme' });
    onTestFinished(() => next.close());
    await next.sink.adopt();
    await next.sink.flush();
    expect(await next.history?.counts(ALWAYS)).toMatchObject({ events: 1, duplicates: 0 });
  });
});

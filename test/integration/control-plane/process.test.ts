import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectRemote, type RemoteTallygate } from '@tallygate/remote';
import { type Budget, type Hold, nanoFromUsd, newAttemptId, systemClock } from '@tallygate/usage';
import { afterEach, describe, expect, it } from 'vitest';
import { denialRecord, segmentOf, usageEvent, usageLine } from '../../contract/usage-fixtures.ts';
import { type RunningProgram, startProgram } from '../../end-to-end/run-program.ts';

/** The control plane as it is run: a process of its own with a gate and an embedded ledger, asked over TCP. */
const MAIN = 'services/control-plane/src/main.ts';
const attribution = { ...usageEvent().attribution, team: 'support', feature: 'chat' };

const disposals: (() => unknown)[] = [];
afterEach(async () => {
  for (const dispose of disposals.splice(0).reverse()) await dispose();
});

function dataDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tg-plane-'));
  disposals.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function start(directory: string, environment: Record<string, string> = {}): RunningProgram {
  const settings = { TALLYGATE_ORGANIZATION: 'acme', TALLYGATE_DATA: directory, TALLYGATE_CONSOLE_PORT: '0' };
  const program = startProgram(MAIN, [], { cwd: directory, environment: { ...settings, ...environment } });
  disposals.push(() => {
    program.process.kill('SIGKILL');
    return program.ended;
  });
  return program;
}

async function served(program: RunningProgram): Promise<string> {
  await program.said('"Serving."');
  const lines = program
    .errorText()
    .split('\n')
    .filter((line) => line.includes('"Serving."'));
  return String((JSON.parse(lines[0] ?? '{}') as { url?: unknown }).url);
}

function connected(url: string, token: string): RemoteTallygate {
  const remote = connectRemote({ address: { url }, token });
  disposals.push(() => remote.close());
  return remote;
}

const tokenOf = (directory: string) => readFileSync(join(directory, 'token'), 'utf8').trim();

async function stop(program: RunningProgram): Promise<number | null> {
  program.process.kill('SIGTERM');
  return (await program.ended).exitCode;
}

async function publishBudget(remote: RemoteTallygate): Promise<void> {
  const budget: Budget = {
    id: 'support',
    scope: { team: 'support' },
    period: 'month',
    timeZone: 'UTC',
    limit: nanoFromUsd('10'),
    onOutage: 'block',
  };
  const live = await remote.gate.configuration();
  const teams = [{ id: 'support', name: 'Customer Support', aliases: [], costCentre: null, owners: [] }];
  await remote.gate.publish({ ...live, version: live.version + 1, budgets: [budget], teams });
}

/** A call as an application makes it: held, recorded, settled, shipped. */
async function spend(remote: RemoteTallygate, usd: string): Promise<void> {
  const amountNanoUsd = nanoFromUsd(usd);
  const hold = await held(remote, amountNanoUsd);
  const { settlement } = await remote.gate.settle({ hold, amountNanoUsd });
  const nowMs = systemClock.nowMs();
  const event = usageEvent({
    eventId: hold.attemptId,
    attribution,
    startedAtMs: nowMs,
    endedAtMs: nowMs,
    budgetInstantMs: hold.budgetInstantMs,
    lines: [usageLine({ listCostNanoUsd: amountNanoUsd, contractedCostNanoUsd: amountNanoUsd })],
  });
  const denials = [denialRecord({ attribution, atMs: nowMs })];
  await remote.destination.store(segmentOf([event], { settlements: [settlement], denials }));
}

async function held(remote: RemoteTallygate, amountNanoUsd: bigint): Promise<Hold> {
  const { version: configVersion } = await remote.gate.configuration();
  const amounts = { expectedNanoUsd: amountNanoUsd, worstNanoUsd: amountNanoUsd };
  const limits = { models: [], ttlMs: 60_000, configVersion, enforce: true };
  const reply = await remote.gate.reserve({ attemptId: newAttemptId(), attribution, ...amounts, ...limits });
  if (reply.kind !== 'held') throw new Error(`It must fit, and was ${reply.kind}.`);
  return reply.hold;
}

describe('the control plane as a process', () => {
  it('gates, stores and shows what other processes spend, and after a restart still knows all of it', async () => {
    const directory = dataDirectory();
    const first = start(directory);
    const url = await served(first);
    const remote = connected(url, tokenOf(directory));
    await publishBudget(remote);
    await spend(remote, '1.000000001');
    await spend(remote, '2.5');

    const month = await (await fetch(`${url}/v1/spend?groupBy=team`)).json();
    expect(month).toMatchObject({
      lines: [{ group: { team: 'support' }, calls: 2, contractedCostUsd: '3.500000001' }],
      total: { calls: 2, contractedCostUsd: '3.500000001' },
    });
    const page = await (await fetch(url)).text();
    for (const shown of [
      'Customer Support',
      '2 calls',
      '$3.50 of $10.00',
      '35% used',
      'tallygate reconcile',
    ]) {
      expect(page).toContain(shown);
    }
    expect(await stop(first)).toBe(0);

    const second = start(directory);
    const budgets = await (await fetch(`${await served(second)}/v1/budgets`)).json();
    expect(budgets).toMatchObject({
      budgets: [
        { id: 'support', spentUsd: '3.500000001', heldUsd: '0.000000000', availableUsd: '6.499999999' },
      ],
    });
    expect(await stop(second)).toBe(0);
  });

  it('tells Prometheus what was charged and never stored, to the nano-dollar', async () => {
    const directory = dataDirectory();
    const url = await served(start(directory));
    const remote = connected(url, tokenOf(directory));
    await publishBudget(remote);
    await spend(remote, '2.5');
    const amountNanoUsd = 250_000_001n;
    await remote.gate.settle({ hold: await held(remote, amountNanoUsd), amountNanoUsd });

    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text.split('\n').filter((line) => !line.startsWith('#'))).toEqual([
      'tallygate_drift_nano_usd{organization="acme",budget="support"} 250000001',
      'tallygate_settlement_gaps{organization="acme"} 0',
      'tallygate_spool_waiting_bytes{organization="acme"} 0',
      'tallygate_spool_dead_facts{organization="acme"} 0',
      '',
    ]);
  });

  it('is ready once it serves, logs lines of JSON without the token, and ends with 0 on SIGTERM', async () => {
    const directory = dataDirectory();
    // What the applications beside it have set: read by the control plane, it would ask itself.
    const program = start(directory, {
      TALLYGATE_URL: 'http://127.0.0.1:9',
      TALLYGATE_TOKEN: 'of-the-operator',
    });
    const url = await served(program);
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({
      status: 'ready',
      gate: 'ok',
      ledger: 'ok',
    });
    await expect(connected(url, tokenOf(directory)).gate.balances()).rejects.toMatchObject({
      code: 'TALLYGATE_TOKEN_REJECTED',
    });
    expect(await connected(url, 'of-the-operator').gate.balances()).toEqual([]);
    program.process.kill('SIGTERM');
    const { exitCode, stdout, stderr } = await program.ended;
    expect(exitCode).toBe(0);
    expect(stdout).toBe(`${url}\n`);
    const records = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { message: string });
    expect(records.map(({ message }) => message)).toEqual(expect.arrayContaining(['Serving.', 'Stopping.']));
    expect(stderr).not.toContain('of-the-operator');
    expect(stderr).not.toContain(tokenOf(directory));
  });

  it('ends with 2 and the reason when its port is none', async () => {
    const program = start(dataDirectory(), { TALLYGATE_CONSOLE_PORT: 'http' });
    const { exitCode, stderr } = await program.ended;
    expect(exitCode).toBe(2);
    expect(stderr).toContain('TALLYGATE_CONSOLE_PORT');
  });

  it('ends with 2 and lets the data directory go when its port is taken', async () => {
    const directory = dataDirectory();
    const running = start(directory);
    const { port } = new URL(await served(running));
    const other = dataDirectory();
    const late = await start(other, { TALLYGATE_CONSOLE_PORT: port }).ended;
    expect(late.exitCode).toBe(2);
    expect(late.stderr).toContain('EADDRINUSE');
    expect(await (await fetch(`${await served(start(other))}/healthz`)).json()).toEqual({ status: 'ok' });
  });
});

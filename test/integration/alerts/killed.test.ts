import { once } from 'node:events';
import { openUsageStore, type UsageStore } from '@tallygate/ledger';
import { type BudgetGate, systemClock } from '@tallygate/usage';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { budgetOf, held, snapshotOf } from '../../contract/gate-fixtures.ts';
import { type ClickHouseOverHttp, startClickHouseOverHttp } from '../../setup/clickhouse-http.ts';
import { newOrganization, openGate, redisUrl } from '../gate/redis-fixtures.ts';
import { startProgram } from '../ledger/programs.ts';

/** kill -9 between any two steps of a delivery: the next process tells, and nobody is told of two different things. */
let engine: ClickHouseOverHttp;
let store: UsageStore;

beforeAll(async () => {
  engine = await startClickHouseOverHttp();
  store = await openUsageStore({ kind: 'server', url: engine.url }, { clock: systemClock });
});
afterAll(async () => {
  await store.close();
  await engine.close();
});

const program = new URL('../../../packages/tallygate/src/alerts/testing/delivering-main.ts', import.meta.url);

const told: string[] = [];

async function deliver(organization: string, diesBefore: string | null): Promise<string> {
  const options = { redisUrl, clickhouseUrl: engine.url, organization, diesBefore };
  const child = startProgram(program, [JSON.stringify(options)]);
  child.stderr.pipe(process.stderr);
  child.stdout.on('data', (lines: Buffer) => told.push(...lines.toString().trim().split('\n')));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return signal ?? String(code);
}

/** What the minute does that a dead process has its alerts for. */
async function letItPass({ outbox }: BudgetGate): Promise<void> {
  await outbox.put(await outbox.waiting(), 0);
}

test.each<[step: string, times: number]>([
  ['record', 1],
  ['tell', 1],
  ['end', 2],
  ['remove', 1],
])('killed before it could %s, an alert is told %i time(s), under one id', async (step, times) => {
  const organization = newOrganization();
  const gate = await openGate({ organization });
  await gate.publish(snapshotOf(organization, 1, [budgetOf('all', 100n, { alerts: [80] })]));
  await gate.settle({ hold: await held(gate, { expectedNanoUsd: 90n }), amountNanoUsd: 90n });
  const [alert] = await gate.outbox.waiting();
  expect(await deliver(organization, step)).toBe('SIGKILL');
  expect(await gate.outbox.waiting()).toEqual([alert]);
  await letItPass(gate);
  expect(await deliver(organization, null)).toBe('0');
  expect(await gate.outbox.waiting()).toEqual([]);
  const id = `${organization}|${alert?.key}|80`;
  expect(told.filter((line) => line.startsWith(organization))).toEqual(Array(times).fill(id));
  const range = { organization, fromMs: 0, toMs: Date.now() };
  expect(await store.sentAlerts(range)).toMatchObject([{ ...alert, outcome: 'told' }]);
});

import { type Alert, alertId } from '@tallygate/usage';
import { expect, test } from 'vitest';
import { budgetOf, held, snapshotOf, usd } from '../../contract/gate-fixtures.ts';
import {
  connectDirectly,
  createLedger,
  loseEverything,
  newOrganization,
  openGate,
  spend,
} from './redis-fixtures.ts';

const CALLS = 1_000;
const ALERTS = [10, 50, 75, 90, 100];

test('a thousand charges at once, from four connections, announce each threshold once', async () => {
  const organization = newOrganization();
  const gates = await Promise.all([1, 2, 3, 4].map(() => openGate({ organization })));
  const budgets = [
    budgetOf('all', usd('10'), { alerts: ALERTS }),
    budgetOf('support', usd('5'), { alerts: ALERTS, scope: { team: 'support' } }),
  ];
  await gates[0]?.publish(snapshotOf(organization, 1, budgets));
  const calls = Array.from({ length: CALLS }, async (_none, index) => {
    const gate = gates[index % 4] as (typeof gates)[0];
    const amountNanoUsd = usd('0.01');
    const hold = await held(gate, { expectedNanoUsd: amountNanoUsd, enforce: false });
    await gate.settle({ hold, amountNanoUsd });
  });
  await Promise.all(calls);
  const waiting = (await gates[0]?.outbox.waiting()) ?? [];
  expect(
    waiting.map(({ key, thresholdPercent }) => `${key.split(':')[0]} ${thresholdPercent}`).sort(),
  ).toEqual(['all', 'support'].flatMap((id) => ALERTS.map((percent) => `${id} ${percent}`)).sort());
  for (const { spent, limit, thresholdPercent } of waiting)
    expect(spent * 100n >= limit * BigInt(thresholdPercent)).toBe(true);
});

test('after a loss nothing is announced that is recorded, and nothing is forgotten that is not', async () => {
  const organization = newOrganization();
  const ledger = createLedger();
  const announced: Alert[] = [];
  const seed = async () => ({ ...(await ledger.seed()), announced });
  const gate = await openGate({ organization, seed });
  const snapshot = snapshotOf(organization, 1, [budgetOf('all', 1_000n)]);
  await gate.publish(snapshot);
  ledger.configuration = snapshot;
  await spend(gate, ledger, await held(gate, { expectedNanoUsd: 600n }), 600n);
  announced.push(...(await gate.outbox.take(9, 1)));
  await spend(gate, ledger, await held(gate, { expectedNanoUsd: 200n }), 200n);
  await loseEverything(connectDirectly(), organization);
  await gate.balances();
  const key = announced[0]?.key;
  expect((await gate.outbox.waiting()).map(alertId)).toEqual([`${organization}|${key}|75`]);
  await spend(gate, ledger, await held(gate, { expectedNanoUsd: 200n }), 200n);
  const percents = (await gate.outbox.waiting()).map(({ thresholdPercent }) => thresholdPercent);
  expect(percents.sort((left, right) => left - right)).toEqual([75, 90, 100]);
});

import { createMemoryGate } from '@tallygate/gate';
import { type ConfigVersionRecord, emptyConfiguration, silentLogger } from '@tallygate/usage';
import { expect, it } from 'vitest';
import { keepRecord } from './keep-record.ts';

const clock = { nowMs: () => Date.UTC(2026, 10, 21), monotonicMs: () => 0 };

it('what went live while the ledger was away is recorded once it is back, by who decided it', async () => {
  const gate = createMemoryGate({ organization: 'acme', clock });
  const decision = { id: 'o1', fromMs: 5, untilMs: Date.UTC(2026, 10, 22), who: 'ann', why: 'INC-9' };
  const overrides = [{ kind: 'observe' as const, ...decision }];
  await gate.publish({ ...emptyConfiguration('acme'), version: 1, overrides });
  const records: ConfigVersionRecord[] = [];
  let tries = 0;
  const history = {
    lastConfigVersion: async () => records.at(-1) ?? null,
    saveConfigVersion: async (record: ConfigVersionRecord) => {
      tries += 1;
      if (tries === 1) throw new Error('the ledger is down');
      records.push(record);
    },
  };
  const options = { gate, history, clock, logger: silentLogger, actor: 'control-plane', everyMs: 1 };
  const kept = keepRecord(options);
  await expect.poll(() => records.length).toBe(1);
  await kept.stop();
  expect(records).toMatchObject([{ version: 1, actor: 'ann', reason: 'INC-9', publishedAtMs: 5 }]);
});

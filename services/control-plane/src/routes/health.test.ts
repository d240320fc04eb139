import { createMemoryGate } from '@tallygate/gate';
import { describe, expect, it } from 'vitest';
import { breakLedger, testPlane } from '../testing/planes.ts';
import { clock } from '../testing/served-world.ts';

function plane() {
  const gate = createMemoryGate({ organization: 'acme', clock });
  return { gate, ...testPlane(gate) };
}

describe('/healthz', () => {
  it('lives whatever gate and ledger do: a restart would not cure them', async () => {
    const asked = plane();
    await asked.gate.close();
    breakLedger(asked);
    const response = await asked.get('/healthz');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ok' });
  });
});

describe('/readyz', () => {
  it('is ready when both answer', async () => {
    const response = await plane().get('/readyz');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ready', gate: 'ok', ledger: 'ok' });
  });

  it('names the gate when the gate is gone', async () => {
    const asked = plane();
    await asked.gate.close();
    const response = await asked.get('/readyz');
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      status: 'not ready',
      gate: 'TALLYGATE_GATE_UNAVAILABLE',
      ledger: 'ok',
    });
  });

  it('names the ledger when the ledger is gone, and logs it', async () => {
    const asked = plane();
    breakLedger(asked);
    const response = await asked.get('/readyz');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ gate: 'ok', ledger: 'TALLYGATE_LEDGER_UNAVAILABLE' });
    expect(asked.logged.join()).toContain('TALLYGATE_LEDGER_UNAVAILABLE');
  });

  it('takes silence for an outage instead of waiting with the silent one', async () => {
    const asked = plane();
    breakLedger(asked, () => new Promise<never>(() => {}));
    expect(await (await asked.get('/readyz')).json()).toMatchObject({
      gate: 'ok',
      ledger: 'TALLYGATE_LEDGER_UNAVAILABLE',
    });
  });

  it('takes a defect for an outage and keeps its text to itself', async () => {
    const asked = plane();
    breakLedger(asked, () => Promise.reject(new Error('password=hunter2')));
    const response = await asked.get('/readyz');
    expect(response.status).toBe(503);
    expect((await response.text()) + asked.logged.join()).not.toContain('hunter2');
  });
});

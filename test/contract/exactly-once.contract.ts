import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSpool, openUsageStore, type UsageStore } from '@tallygate/ledger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAULTS, type FaultyProxy, startFaultyProxy } from '../setup/faulty-proxy.ts';
import { denialRecord, fixedClock, START_MS, settlement, usageEvent } from './usage-fixtures.ts';

/** Shorter than any server takes for nothing, so that "no answer" is met within the test. */
const REQUEST_TIMEOUT_MS = 2_500;
const TRIES_MAX = 20;

export interface ServerUnderFaults {
  serverUrl: () => string;
  /** The same tables, past the faults and with all the time it needs: what is asked for the truth. */
  ledger: () => UsageStore;
  /** Options of the client, as it reads them from its URL. */
  query: string;
  inserts?: 'direct' | 'gathered';
}

/** From the spool through the client's HTTP transport into the tables: whatever breaks on the way, each row is there once. */
export function describeExactlyOnce(name: string, server: ServerUnderFaults): void {
  const { serverUrl, ledger, query, inserts = 'direct' } = server;
  describe(`exactly once over HTTP: ${name}`, () => {
    const directory = mkdtempSync(join(tmpdir(), 'tallygate-exactly-once-'));
    let proxy: FaultyProxy;
    let store: UsageStore;

    beforeAll(async () => {
      const { username, password, pathname, origin } = new URL(serverUrl());
      proxy = await startFaultyProxy(origin);
      const url = new URL(`${proxy.url}${pathname}?request_timeout=${REQUEST_TIMEOUT_MS}${query}`);
      Object.assign(url, { username, password });
      store = await openUsageStore({ kind: 'server', url: url.href, inserts }, { clock: fixedClock });
    });
    afterAll(async () => {
      await store.close();
      await proxy.close();
      rmSync(directory, { recursive: true });
    });

    it.each(FAULTS)('%s', async (fault) => {
      const organization = `org-${process.pid}-${Date.now()}-${FAULTS.indexOf(fault)}`;
      const spool = await openSpool({
        directory,
        destination: store,
        clock: fixedClock,
        sealAfterMs: 3_600_000,
      });
      const events = Array.from({ length: 25 }, () => usageEvent({ organization }));
      for (const event of events) spool.recordOutcome(event, null);
      spool.recordSettlement(settlement({ organization }));
      spool.recordDenial(denialRecord({ organization }));
      proxy.breakNext('INSERT INTO usage_events', fault);
      // Waited for once is enough.
      if (!fault.startsWith('no answer')) proxy.breakNext('INSERT INTO settlements', fault);

      let { pending } = await spool.flush();
      for (let tries = 1; pending > 0 && tries < TRIES_MAX; tries += 1)
        pending = (await spool.flush()).pending;

      expect(proxy.waiting()).toBe(0);
      const range = { organization, fromMs: START_MS, toMs: START_MS + 2 * 86_400_000 };
      const expected = { events: 25, lines: 25, duplicates: 0, settlements: 1, denials: 1 };
      expect(await ledger().counts(range)).toEqual(expected);
      const [total] = await ledger().spend({ ...range, by: 'budget', groupBy: [] });
      expect(total).toMatchObject({ attempts: 25, contractedCostNanoUsd: 25n * 600_000n });
      await spool.close();
    });

    if (query.includes('compression'))
      it('with bodies compressed both ways', () => {
        expect(proxy.encodings.requests).toContain('gzip');
        expect(proxy.encodings.answers).toContain('gzip');
      });
  });
}

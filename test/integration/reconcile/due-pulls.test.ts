import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAdminApi } from '@tallygate/admin-api';
import { openUsageStore, type UsageStore } from '@tallygate/ledger';
import { DEFAULT_ADMIN_KEY } from '@tallygate/simulator';
import type { ReportVersions } from '@tallygate/usage';
import { pullDueDays } from 'tallygate';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DAY_1, DAY_MS, meteredSimulator } from './metered-simulator.ts';

/** The schedule's pulls of real reports into a real ledger, by a clock that only the test moves. */
const directory = mkdtempSync(join(tmpdir(), 'tallygate-due-'));
let nowMs = DAY_1 + DAY_MS / 2;
const clock = { nowMs: () => nowMs, monotonicMs: () => 0 };
let ledger: UsageStore;

beforeAll(async () => {
  ledger = await openUsageStore({ kind: 'embedded', directory }, { clock });
});
afterAll(async () => {
  await ledger.close();
  rmSync(directory, { recursive: true });
});

/** One tick of the schedule: the first days that are due, and what was asked over the wire for them. */
async function tick(url: string, organization: string, most: number, versions: ReportVersions) {
  const asked: string[] = [];
  const days: number[] = [];
  const fetch: typeof globalThis.fetch = (input, init) => {
    asked.push(String(input));
    return globalThis.fetch(input, init);
  };
  const work = pullDueDays({
    ...{ organization, organizationId: null, versions, pseudonymKey: null, clock },
    mayGoOn: () => days.length < most,
    open: (hooks) => createAdminApi({ apiKey: DEFAULT_ADMIN_KEY, baseUrl: url, fetch, ...hooks }),
    onDay: ({ dayMs }) => void days.push(dayMs),
  });
  const left = await work.catch((error: Error) => error.message);
  return { asked, days, left };
}

it('each day is pulled whole and then is not due before the next age; what is left is said', async () => {
  const { url, moveTo } = await meteredSimulator();
  moveTo(nowMs);
  const versions = ledger.reportVersions;
  const first = await tick(url, 'acme', 2, versions);
  expect(first.days).toEqual([DAY_1 - 2 * DAY_MS, DAY_1 - 3 * DAY_MS]);
  const second = await tick(url, 'acme', 1, versions);
  expect(second.days).toEqual([DAY_1 - 4 * DAY_MS]);
  expect(second.left).toBe(Number(first.left) - 1);
  nowMs += 2 * DAY_MS;
  moveTo(nowMs);
  const later = await tick(url, 'acme', 4, versions);
  expect(later.days).toEqual([0, 1, 2, 3].map((age) => DAY_1 - age * DAY_MS));
});

it('a pull that was cut off goes on where it was: what was stored is not asked for again', async () => {
  const { url, moveTo } = await meteredSimulator();
  moveTo(nowMs);
  let kept = 0;
  const failing: ReportVersions = {
    ...ledger.reportVersions,
    append: (pull) => {
      kept += 1;
      return kept > 3 ? Promise.reject(new Error('killed')) : ledger.reportVersions.append(pull);
    },
  };
  const cut = await tick(url, 'cut', 1, failing);
  expect(cut).toMatchObject({ days: [], left: 'killed' });
  const rest = await tick(url, 'cut', 1, ledger.reportVersions);
  const whole = await tick(url, 'whole', 1, ledger.reportVersions);
  expect([rest.days.length, whole.days.length]).toEqual([1, 1]);
  // The organization of the provider is known only after its first answer, so one report is asked for twice.
  expect(rest.asked.length).toBe(whole.asked.length - 2);
});

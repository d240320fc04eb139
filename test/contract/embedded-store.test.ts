import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openUsageStore, type UsageStore } from '@tallygate/ledger';
import { afterAll, beforeAll } from 'vitest';
import { describeReportVersions } from './report-versions.contract.ts';
import { fixedClock } from './usage-fixtures.ts';
import { describeUsageQuestions } from './usage-question.contract.ts';
import { describeUsageStore } from './usage-store.contract.ts';

const directory = mkdtempSync(join(tmpdir(), 'tallygate-ledger-'));
let store: UsageStore;

beforeAll(async () => {
  store = await openUsageStore({ kind: 'embedded', directory }, { clock: fixedClock, settlingMs: 0 });
});

afterAll(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

describeUsageStore('embedded engine', () => store);
describeReportVersions('embedded engine', () => store.reportVersions);
describeUsageQuestions('embedded engine', () => ({ history: store, destination: store }));

import { isoFromMs, type SpendHistory, toWireJson } from '@tallygate/usage';
import { rangeOfMonth } from '../allocation/index.ts';
import { closedPeriods, readPeriods } from '../closing/index.ts';
import { invoicesOfMonth } from '../invoices/index.ts';
import { newestVersions } from '../pulls/index.ts';
import { type EvidenceFile, openEvidenceFolder } from './evidence-folder.ts';
import { pricesCsv, writeUsageRows } from './usage-rows.ts';

export interface EvidenceRequest {
  history: SpendHistory;
  organization: string;
  month: string;
  team: string;
  /** By name; the frozen ones where the month is closed. */
  statements: Record<string, string>;
}

/**
 * All that a team's statement of a month rests on, as files of one folder: its rows, the prices they were charged at, the provider's
 * reports as they were answered, the invoices, and who closed the month. `manifest.json` comes last and names each with its hash.
 *
 * Promise: the same ledger gives the same bytes.
 */
export async function packEvidence(request: EvidenceRequest, path: string): Promise<EvidenceFile[]> {
  const { history, organization, month, team, statements } = request;
  const range = { organization, ...rangeOfMonth(month) };
  const folder = openEvidenceFolder(path);
  const prices = await folder.stream('usage.csv', (write) =>
    writeUsageRows(history, { ...range, team }, write),
  );
  folder.add('prices.csv', pricesCsv(prices));
  for (const [name, text] of Object.entries(statements)) folder.add(name, text);
  const periods = (await readPeriods(history, organization)).filter((period) => period.month === month);
  folder.add('decisions.json', document(periods));
  folder.add('invoices.json', document(await invoicesOfMonth(history, organization, month)));
  const closed = closedPeriods(periods).get(month);
  const versions =
    closed?.manifest.versions.reports.map((head) => ({ organization, ...head })) ??
    newestVersions(await history.reportVersions.list(range));
  for (const version of versions) {
    const report = await history.reportVersions.read(version);
    folder.add(`provider/${version.bodyHash}.json`, document(report));
  }
  const files = folder.files();
  const state = closed === undefined ? 'open' : 'closed';
  const head = { schema: 'tallygate.evidence/1', organization, month, team, state };
  const closedAt = closed === undefined ? null : isoFromMs(closed.atMs);
  folder.add('manifest.json', document({ ...head, closedAt, files }));
  return folder.files();
}

function document(value: unknown): string {
  return `${toWireJson(value)}\n`;
}

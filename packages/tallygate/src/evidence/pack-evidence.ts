import { isoFromMs, type SpendHistory, toWireJson } from '@tallygate/usage';
import { rangeOfMonth } from '../allocation/index.ts';
import { closedPeriods, frozenRows, readPeriods } from '../closing/index.ts';
import { invoicesOfMonth } from '../invoices/index.ts';
import {
  countPrice,
  createRowDigests,
  monthRows,
  type PriceUses,
  pricesCsv,
  type RowDigest,
  type RowsSince,
  rowsSince,
  rowsSinceCsv,
  USAGE_CSV_HEADER,
  usageCsvLines,
} from '../month-rows/index.ts';
import { newestVersions } from '../pulls/index.ts';
import { type EvidenceFile, type EvidenceFolder, openEvidenceFolder } from './evidence-folder.ts';

export interface EvidenceRequest {
  history: SpendHistory;
  organization: string;
  month: string;
  team: string;
  /** By name; the frozen ones where the month is closed. */
  statements: Record<string, string>;
  /** Up to where the rows of the month are read. */
  onProgress(atMs: number): void;
}

export interface PackedEvidence {
  files: EvidenceFile[];
  /** Null where the month is open, or was closed by a version that kept no hashes of rows. */
  since: RowsSince | null;
}

/**
 * All that a team's statement of a month rests on, as files of one folder: its rows, the prices they were charged at, the provider's
 * reports as they were answered, the invoices, and who closed the month. `rows.csv` says of each day whether its rows are those that
 * the month was closed with. `manifest.json` comes last and names each with its hash.
 *
 * Promise: the same ledger gives the same bytes.
 */
export async function packEvidence(request: EvidenceRequest, path: string): Promise<PackedEvidence> {
  const { history, organization, month, team, statements } = request;
  const range = { organization, ...rangeOfMonth(month) };
  const folder = openEvidenceFolder(path);
  const digests = await addRows(folder, request);
  for (const [name, text] of Object.entries(statements)) folder.add(name, text);
  const periods = (await readPeriods(history, organization)).filter((period) => period.month === month);
  folder.add('decisions.json', document(periods));
  folder.add('invoices.json', document(await invoicesOfMonth(history, organization, month)));
  const closed = closedPeriods(periods).get(month);
  const frozen = closed === undefined ? null : await frozenRows(history, organization, closed, team);
  const since = frozen === null ? null : rowsSince(frozen, digests);
  if (since !== null) folder.add('rows.csv', rowsSinceCsv(since));
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
  return { files: folder.files(), since };
}

/** The team's rows and the prices of them. */
async function addRows(
  folder: EvidenceFolder,
  { history, organization, month, team, onProgress }: EvidenceRequest,
): Promise<RowDigest[]> {
  const prices: PriceUses = new Map();
  const digests = createRowDigests();
  await folder.stream('usage.csv', async (write) => {
    write(USAGE_CSV_HEADER);
    const asked = { organization, ...rangeOfMonth(month), onProgress };
    for await (const rows of monthRows(history, asked)) {
      const own = rows.filter(({ event }) => event.attribution.team === team);
      for (const row of own) {
        countPrice(prices, row);
        digests.add(row);
      }
      write(usageCsvLines(own));
    }
  });
  folder.add('prices.csv', pricesCsv(prices));
  return digests.taken();
}

function document(value: unknown): string {
  return `${toWireJson(value)}\n`;
}

import { sumOf } from '@tallygate/report';
import {
  type Clock,
  type ConfigurationSnapshot,
  isoFromMs,
  nanoFromPico,
  newFinanceRecordId,
  type SpendHistory,
  TallygateError,
  usdFromNano,
} from '@tallygate/usage';
import { type MonthBill, rangeOfMonth } from '../allocation/index.ts';
import { digestOf } from '../digest.ts';
import { invalidRequest } from '../invalid-request.ts';
import { digestRows, type RowDigest } from '../month-rows/index.ts';
import { newestVersions } from '../pulls/index.ts';
import { closedFiles } from './closed-files.ts';
import { frozenBody } from './frozen.ts';
import { type MonthStatements, monthStatements } from './month-statements.ts';
import { closedPeriods, type Manifest, type PeriodRecord, readPeriods, stateOfMonth } from './period.ts';

export interface Closing {
  history: SpendHistory;
  configuration: ConfigurationSnapshot;
  clock: Clock;
  actor: string;
  /** Up to where the rows of the month are read. */
  onProgress(atMs: number): void;
}

/**
 * Freezes a month: statements, allocation and journal as they are now, with the versions that they were made from.
 *
 * Promise: a month is closed once. The files are kept first, then the decision under the month's next number, so that of two who
 * close at the same time one is refused, and a crash in between leaves the month open.
 *
 * @throws TallygateError `TALLYGATE_PERIOD_CLOSED` for a month that is closed, `TALLYGATE_REQUEST_INVALID` for one that is not over,
 * `TALLYGATE_RECORD_OUTDATED` where somebody else decided in between.
 */
export async function closeMonth(closing: Closing, month: string, reason: string): Promise<PeriodRecord> {
  const { history, configuration, clock } = closing;
  const { organization } = configuration;
  const periods = await readPeriods(history, organization);
  const closed = closedPeriods(periods).get(month);
  if (closed !== undefined) throw closedAlready(closed);
  const state = stateOfMonth(month, clock.nowMs());
  if (state === 'open')
    throw invalidRequest(`${month} is not over.`, 'Close it from the first day of the next month on.');
  const found = await monthStatements(history, configuration, month, { periods, state: 'closed' });
  const { onProgress } = closing;
  const rows = await digestRows(history, { organization, ...rangeOfMonth(month), onProgress });
  const files = closedFiles(found, rows, configuration);
  const kept = await history.financeRecords({ organization, kind: 'statements', subject: month });
  const statements = (kept.at(-1)?.number ?? 0) + 1;
  const { lines, corrections } = found;
  await append(closing, 'statements', month, statements, '', frozenBody({ lines, corrections, files }));
  const manifest = await manifestOf(closing, found, {
    files,
    statements,
    rowsTied: addUpTo(rows, found.bill),
    isProvisional: state === 'provisional',
  });
  return decide(closing, periods, month, reason, manifest);
}

/** Opens a closed month again, on record. What its statements were stays kept. */
export async function reopenMonth(closing: Closing, month: string, reason: string): Promise<PeriodRecord> {
  const periods = await readPeriods(closing.history, closing.configuration.organization);
  if (!closedPeriods(periods).has(month))
    throw invalidRequest(`${month} is not closed.`, 'Only a closed month can be opened again.');
  return decide(closing, periods, month, reason, null);
}

async function decide(
  closing: Closing,
  periods: readonly PeriodRecord[],
  month: string,
  reason: string,
  manifest: Manifest | null,
): Promise<PeriodRecord> {
  const number = periods.filter((period) => period.month === month).length + 1;
  const body = manifest === null ? { version: 1, state: 'open' } : { version: 1, state: 'closed', manifest };
  const atMs = await append(closing, 'period', month, number, reason, body);
  return { month, number, atMs, actor: closing.actor, reason, manifest };
}

async function append(
  { history, configuration: { organization }, clock, actor }: Closing,
  kind: 'period' | 'statements',
  subject: string,
  number: number,
  reason: string,
  body: unknown,
): Promise<number> {
  const recordedAtMs = clock.nowMs();
  const recordId = newFinanceRecordId();
  await history.appendFinanceRecord({
    organization,
    kind,
    subject,
    number,
    recordId,
    recordedAtMs,
    actor,
    reason,
    body,
  });
  return recordedAtMs;
}

/** Not so where rows came in while they were read, or are past their retention. */
function addUpTo(rows: readonly RowDigest[], { basis, chargedNanoUsd }: MonthBill): boolean {
  const billed = rows.filter(({ backend }) => basis === 'charges' || backend === 'anthropic');
  return billed.reduce((sum, row) => sum + row.chargedNanoUsd, 0n) === chargedNanoUsd;
}

async function manifestOf(
  { history, configuration }: Closing,
  { bill, lines, corrections }: MonthStatements,
  kept: { files: Record<string, string>; statements: number; rowsTied: boolean; isProvisional: boolean },
): Promise<Manifest> {
  const { organization, teams, finance, version } = configuration;
  const { report, invoice } = bill;
  const range = { organization, ...rangeOfMonth(bill.month) };
  const reports = newestVersions(await history.reportVersions.list(range));
  const prices = await history.spend({ ...range, by: 'ended', groupBy: ['priceId'] });
  return {
    provisional: kept.isProvisional,
    basis: bill.basis,
    rowsTied: kept.rowsTied,
    tiedToInvoice: invoice?.isTied ?? null,
    totals: {
      chargedUsd: usdFromNano(bill.chargedNanoUsd),
      reportedUsd: report === null ? null : usdFromNano(report.billedNanoUsd),
      invoicedUsd: invoice === null ? null : usdFromNano(nanoFromPico(invoice.invoicedPicoUsd)),
      invoiceResidualUsd: invoice === null ? null : usdFromNano(nanoFromPico(invoice.residualPicoUsd)),
      allocatedUsd: usdFromNano(sumOf(lines)),
      correctionsUsd: usdFromNano(sumOf(corrections)),
    },
    versions: {
      configuration: version,
      reconciliationId: report?.reportId ?? null,
      reports: reports.map(({ organization: _ours, ...head }) => head),
      invoices: bill.invoices.map(({ number, revision }) => ({ number, revision })),
      priceIds: prices.flatMap(({ group }) => group.priceId || []).sort(),
    },
    rules: { teams, ...(finance === undefined ? {} : { finance }) },
    statements: kept.statements,
    files: Object.entries(kept.files).map(([name, text]) => ({ name, ...digestOf(text) })),
  };
}

function closedAlready({ month, actor, atMs }: PeriodRecord): TallygateError {
  return new TallygateError('TALLYGATE_PERIOD_CLOSED', {
    message: `${month} was closed by ${actor} at ${isoFromMs(atMs)}.`,
  });
}

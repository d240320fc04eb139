/** `SpendHistory` over the tables: exact sums of deduplicated rows, and the records of reports and configurations. */
import {
  type ConfigVersionRecord,
  type EstimateAccuracy,
  isoFromMs,
  type LedgerCounts,
  type SettlementGap,
  type SpendHistory,
  type SpendQuery,
  type SpendRow,
  type StoredReport,
  TallygateError,
  toWireJson,
  type UnknownUsage,
} from '@tallygate/usage';
import type { Database } from './database.ts';
import { configVersionOf, findConfigVersion, findDenial } from './explanations.ts';
import { createFinanceRecords } from './finance-records.ts';
import {
  countsQuery,
  estimatesQuery,
  lastConfigVersionQuery,
  lastReportsQuery,
  settlementGapsQuery,
  unknownUsageQuery,
} from './queries.ts';
import { createReportVersions } from './report-versions.ts';
import type { RollupDependencies } from './rollups/add-up.ts';
import { askUsage } from './rollups/ask-usage.ts';
import { readSpend, toSpendRow } from './rollups/read-spend.ts';
import { createSentAlerts } from './sent-alerts.ts';
import { settledTotals } from './settled-totals.ts';
import { QUERIES } from './sql.generated.ts';
import { sqlInstant } from './sql-instant.ts';
import { knownEvents, usagePage } from './usage-records.ts';

const ROW_VERSION = 1;

/** @param onlyOrganization when given, questions about another one are refused. */
export function createHistory(
  rollups: RollupDependencies,
  onlyOrganization: string | undefined,
): SpendHistory {
  const { database } = rollups;
  const checked = <T extends { organization: string }>(subject: T): T => {
    requireOrganization(subject.organization, onlyOrganization);
    return subject;
  };
  const alerts = createSentAlerts(database);
  const finance = createFinanceRecords(database);
  return {
    spend: async (query) => spend(rollups, checked(query)),
    usage: async (question) => askUsage(rollups, checked(question)),
    counts: async (range) => counts(database, checked(range)),
    unknownUsage: async (range) => unknownUsage(database, checked(range)),
    estimates: async (range) => estimates(database, checked(range)),
    settledTotals: async (organization, selection) =>
      settledTotals(rollups, checked({ organization }).organization, selection),
    usagePage: async (query) => usagePage(database, checked(query)),
    knownEvents: async (query) => knownEvents(database, checked(query)),
    settlementGaps: async (range) => settlementGaps(database, checked(range)),
    lastReports: async (organization, range) =>
      lastReports(database, { ...checked({ organization }), ...(range ?? ANY_RANGE) }),
    saveReport: async (report) => saveReport(database, checked(report)),
    lastConfigVersion: async (organization) =>
      lastConfigVersion(database, checked({ organization }).organization),
    denial: async (query) => findDenial(database, checked(query)),
    configVersion: async (query) => findConfigVersion(database, checked(query)),
    saveConfigVersion: async (record) => saveConfigVersion(database, checked(record)),
    recordAlert: async (alert) => alerts.recordAlert(checked(alert)),
    endAlert: async (alert) => alerts.endAlert(checked(alert)),
    sentAlerts: async (query) => alerts.sentAlerts(checked(query)),
    reportVersions: createReportVersions(database, (organization) => checked({ organization })),
    appendFinanceRecord: async (record) => finance.appendFinanceRecord(checked(record)),
    financeRecords: async (query) => finance.financeRecords(checked(query)),
  };
}

export function requireOrganization(asked: string, only: string | undefined): void {
  if (only === undefined || asked === only) return;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `This ledger is open for organization "${only}", not for "${asked}".`,
  });
}

async function spend(rollups: RollupDependencies, query: SpendQuery): Promise<SpendRow[]> {
  const rows = await readSpend(rollups, query);
  return rows.map((row) => toSpendRow(row, query.groupBy));
}

async function counts(
  database: Database,
  range: { organization: string; fromMs: number; toMs: number },
): Promise<LedgerCounts> {
  return onlyRow(await countsQuery(database, range));
}

async function unknownUsage(
  database: Database,
  range: { organization: string; fromMs: number; toMs: number },
): Promise<UnknownUsage[]> {
  const rows = await unknownUsageQuery(database, range);
  return rows.map(({ first_seen_ms: firstSeenMs, last_seen_ms: lastSeenMs, ...row }) => ({
    ...row,
    firstSeenMs,
    lastSeenMs,
  }));
}

async function estimates(
  database: Database,
  range: { organization: string; fromMs: number; toMs: number },
): Promise<EstimateAccuracy[]> {
  const rows = await estimatesQuery(database, range);
  return rows.map((row) => ({
    team: row.team,
    feature: row.feature,
    requestModel: row.request_model,
    maxOutputTokensFrom: row.max_output_tokens_from,
    attempts: row.attempts,
    leftOutAttempts: row.left_out_attempts,
    expectedNanoUsd: row.expected_nano_usd,
    worstNanoUsd: row.worst_nano_usd,
    chargedNanoUsd: row.charged_nano_usd,
    aboveExpected: row.above_expected,
    aboveWorst: row.above_worst,
  }));
}

async function settlementGaps(
  database: Database,
  range: { organization: string; fromMs: number; toMs: number },
): Promise<SettlementGap[]> {
  const rows = await settlementGapsQuery(database, range);
  return rows.map((row) => ({
    epoch: row.epoch,
    fromSeq: row.from_seq,
    toSeq: row.to_seq,
    beforeMs: row.before_ms,
    afterMs: row.after_ms,
  }));
}

const ANY_RANGE = { fromMs: 0, toMs: 0 };

async function lastReports(
  database: Database,
  asked: { organization: string; fromMs: number; toMs: number },
): Promise<StoredReport[]> {
  const { organization } = asked;
  const rows = await lastReportsQuery(database, asked);
  return rows.map((row) => ({
    reportId: row.report_id,
    organization,
    providerOrganizationId: row.provider_organization_id,
    kind: row.kind,
    fromMs: row.range_start_ms,
    toMs: row.range_end_ms,
    createdAtMs: row.created_at_ms,
    body: JSON.parse(row.body),
  }));
}

async function saveReport(database: Database, report: StoredReport): Promise<void> {
  await database.insert(QUERIES.insert_report, [
    JSON.stringify({
      organization: report.organization,
      report_id: report.reportId,
      provider_organization_id: report.providerOrganizationId,
      kind: report.kind,
      range_start: instant(report.fromMs),
      range_end: instant(report.toMs),
      created_at: instant(report.createdAtMs),
      body: json(report.body),
      ver: ROW_VERSION,
    }),
  ]);
}

async function lastConfigVersion(
  database: Database,
  organization: string,
): Promise<ConfigVersionRecord | null> {
  const [row] = await lastConfigVersionQuery(database, { organization });
  return row === undefined ? null : configVersionOf(organization, row);
}

async function saveConfigVersion(database: Database, record: ConfigVersionRecord): Promise<void> {
  await database.insert(QUERIES.insert_config_version, [
    JSON.stringify({
      organization: record.organization,
      version: record.version,
      published_at: instant(record.publishedAtMs),
      actor: record.actor,
      reason: record.reason,
      before: json(record.before),
      after: json(record.after),
      ver: ROW_VERSION,
    }),
  ]);
}

/** Bodies are kept in their wire form: a bigint comes back as the decimal string that the owner's schema reads. */
function json(value: unknown): string {
  return toWireJson(value ?? null);
}

function instant(instantMs: number): string {
  return sqlInstant(isoFromMs(instantMs));
}

function onlyRow<Row>(rows: Row[]): Row {
  const [row] = rows;
  if (row !== undefined) return row;
  throw new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', {
    message: 'The ledger answered no row where there is always one.',
  });
}

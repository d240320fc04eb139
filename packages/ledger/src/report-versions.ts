/** `ReportVersions` over the table. */
import { createHash } from 'node:crypto';
import {
  isoFromMs,
  type ReportPull,
  type ReportQuestion,
  type ReportVersion,
  type ReportVersions,
  reportQuestionSchema,
  type StoredReportVersion,
  TallygateError,
  toWireJson,
} from '@tallygate/usage';
import { z } from 'zod';
import type { Database } from './database.ts';
import { defineQuery } from './query.ts';
import { count } from './rollups/spend-queries.ts';
import { QUERIES } from './sql.generated.ts';
import { sqlInstant } from './sql-instant.ts';

const headRow = z.object({
  provider_organization_id: z.string(),
  report: z.string(),
  range_start_ms: count,
  range_end_ms: count,
  pulled_at_ms: count,
  body_hash: z.string(),
});

const versionsOf = defineQuery({
  sql: QUERIES.report_versions,
  parameters: reportQuestionSchema.omit({ report: true, providerOrganizationId: true }),
  row: headRow,
});

const versionOf = defineQuery({
  sql: QUERIES.report_version,
  parameters: reportQuestionSchema.extend({ pulledAtMs: z.number().int(), bodyHash: z.string() }),
  row: headRow.extend({ body: z.string() }),
});

const NEWEST = { pulledAtMs: 0, bodyHash: '' };
const ROW_VERSION = 1;

/** @param requireOwn throws for an organization that must not be asked about. */
export function createReportVersions(
  database: Database,
  requireOwn: (organization: string) => void,
): ReportVersions {
  async function stored(asked: ReportQuestion & typeof NEWEST): Promise<StoredReportVersion | null> {
    requireOwn(asked.organization);
    const [row] = await versionOf(database, asked);
    return row === undefined ? null : { ...headOf(asked.organization, row), body: bodyOf(row) };
  }
  return {
    async append(pull) {
      requireOwn(pull.organization);
      const { version, row } = rowOf(pull);
      await database.insert(QUERIES.insert_report_version, [row]);
      return version;
    },
    newest: (question) => stored({ ...questionOf(question), ...NEWEST }),
    async list({ organization, fromMs, toMs }) {
      requireOwn(organization);
      const rows = await versionsOf(database, { organization, fromMs, toMs });
      return rows.map((row) => headOf(organization, row));
    },
    read: ({ pulledAtMs, bodyHash, ...question }) =>
      stored({ ...questionOf(question), pulledAtMs, bodyHash }),
  };
}

function rowOf(pull: ReportPull): { version: ReportVersion; row: string } {
  const body = toWireJson(pull.body ?? null);
  const version = { ...questionOf(pull), pulledAtMs: pull.pulledAtMs, bodyHash: hashOf(body) };
  const instant = (atMs: number) => sqlInstant(isoFromMs(atMs));
  const row = JSON.stringify({
    organization: pull.organization,
    provider_organization_id: pull.providerOrganizationId,
    report: pull.report,
    range_start: instant(pull.fromMs),
    range_end: instant(pull.toMs),
    pulled_at: instant(pull.pulledAtMs),
    body_hash: version.bodyHash,
    body,
    ver: ROW_VERSION,
  });
  return { version, row };
}

function headOf(organization: string, row: z.output<typeof headRow>): ReportVersion {
  return {
    organization,
    providerOrganizationId: row.provider_organization_id,
    report: row.report,
    fromMs: row.range_start_ms,
    toMs: row.range_end_ms,
    pulledAtMs: row.pulled_at_ms,
    bodyHash: row.body_hash,
  };
}

function bodyOf({ body, body_hash: bodyHash, report }: { body: string; body_hash: string; report: string }) {
  if (hashOf(body) === bodyHash) return JSON.parse(body) as unknown;
  throw new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', {
    message: `A stored version of ${report} is not what was pulled: its hash is another.`,
    cure: 'Restore report_versions from a backup; what was reconciled from it cannot be shown.',
  });
}

function questionOf(asked: ReportQuestion): ReportQuestion {
  const { organization, providerOrganizationId, report, fromMs, toMs } = asked;
  return { organization, providerOrganizationId, report, fromMs, toMs };
}

function hashOf(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}

/** `FinanceRecords` over the table. */
import { createHash } from 'node:crypto';
import {
  type FinanceRecord,
  type FinanceRecords,
  financeQuerySchema,
  financeRecordSchema,
  isoFromMs,
  TallygateError,
  toWireJson,
} from '@tallygate/usage';
import { z } from 'zod';
import type { Database } from './database.ts';
import { defineQuery } from './query.ts';
import { count } from './rollups/spend-queries.ts';
import { QUERIES } from './sql.generated.ts';
import { sqlInstant } from './sql-instant.ts';
import { insertStatement } from './store-segment.ts';

const recordsOf = defineQuery({
  sql: QUERIES.finance_records,
  parameters: financeQuerySchema.extend({ subject: z.string() }),
  row: z.object({
    subject: z.string(),
    number: z.number().int(),
    record_id: z.string(),
    recorded_at_ms: count,
    actor: z.string(),
    reason: z.string(),
    body: z.string(),
  }),
});

const recordIdOf = defineQuery({
  sql: QUERIES.finance_record_id,
  parameters: financeRecordSchema.pick({ organization: true, kind: true, subject: true, number: true }),
  row: z.object({ record_id: z.string() }),
});

export function createFinanceRecords(database: Database): FinanceRecords {
  return {
    async appendFinanceRecord(record) {
      await database.insert(insertStatement(QUERIES.insert_finance_records, tokenOf(record), 'direct'), [
        rowOf(record),
      ]);
      const { organization, kind, subject, number } = record;
      const [kept] = await recordIdOf(database, { organization, kind, subject, number });
      if (kept?.record_id !== record.recordId) throw outdated(record, kept === undefined);
    },
    async financeRecords({ organization, kind, subject = '' }) {
      const rows = await recordsOf(database, { organization, kind, subject });
      return rows.map(
        ({ record_id: recordId, recorded_at_ms: recordedAtMs, body, ...row }): FinanceRecord => ({
          ...{ organization, kind, recordId, recordedAtMs },
          ...row,
          body: JSON.parse(body),
        }),
      );
    },
  };
}

/** By number alone: the engine drops a second insert of it, whoever sends it. Subjects may hold what a token may not. */
function tokenOf({ organization, kind, subject, number }: FinanceRecord): string {
  return createHash('sha256')
    .update(JSON.stringify([organization, kind, subject, number]))
    .digest('hex');
}

function outdated({ kind, subject, number }: FinanceRecord, isUnseen: boolean): TallygateError {
  if (isUnseen)
    return new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', {
      message: `Number ${number} of ${kind} ${subject} was written and cannot be read yet.`,
    });
  return new TallygateError('TALLYGATE_RECORD_OUTDATED', {
    message: `Number ${number} of ${kind} ${subject} was written by somebody else in between.`,
  });
}

function rowOf(record: FinanceRecord): string {
  return JSON.stringify({
    organization: record.organization,
    kind: record.kind,
    subject: record.subject,
    number: record.number,
    record_id: record.recordId,
    recorded_at: sqlInstant(isoFromMs(record.recordedAtMs)),
    actor: record.actor,
    reason: record.reason,
    body: toWireJson(record.body ?? null),
  });
}

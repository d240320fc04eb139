/** A query is a file of SQL, a schema of its parameters and a schema of its rows. */
import { TallygateError } from '@tallygate/usage';
import { z } from 'zod';
import type { Database, SqlParameters } from './database.ts';

export type Query<Parameters, Row> = (database: Database, parameters: Parameters) => Promise<Row[]>;

export function defineQuery<Parameters extends SqlParameters, Row>(definition: {
  sql: string;
  parameters: z.ZodType<Parameters>;
  row: z.ZodType<Row>;
  /** Which lines of the SQL these parameters need; all of them by default. */
  lines?: (sql: string, parameters: Parameters) => string;
}): Query<Parameters, Row> {
  const { sql, lines = () => sql } = definition;
  const rows = z.array(definition.row);
  return async (database, parameters) => {
    const asked = definition.parameters.safeParse(parameters);
    if (!asked.success) throw refusal(asked.error);
    const answer = rows.safeParse(await database.select(lines(sql, asked.data), asked.data));
    if (!answer.success) throw malformed(answer.error);
    return answer.data;
  };
}

export type Command<Parameters> = (database: Database, parameters: Parameters) => Promise<void>;

/** A statement without rows of its own. Rejects as a query does. */
export function defineCommand<Parameters extends SqlParameters>(definition: {
  sql: string;
  parameters: z.ZodType<Parameters>;
}): Command<Parameters> {
  return async (database, parameters) => {
    const asked = definition.parameters.safeParse(parameters);
    if (!asked.success) throw refusal(asked.error);
    await database.run(definition.sql, asked.data);
  };
}

function refusal(error: z.ZodError): TallygateError {
  return new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `The ledger cannot be asked that: ${z.prettifyError(error)}.`,
  });
}

/** A row that does not read as expected is an outage of the ledger, not an empty answer. */
function malformed(error: z.ZodError): TallygateError {
  return new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', {
    message: `The ledger answered rows that cannot be read: ${z.prettifyError(error)}.`,
    cure: 'Check that no other version of tallygate has changed its tables.',
  });
}

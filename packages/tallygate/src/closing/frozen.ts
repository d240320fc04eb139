import type { AllocationLine } from '@tallygate/report';
import { type FinanceRecords, nanoUsdSchema, TallygateError } from '@tallygate/usage';
import { z } from 'zod';
import type { Correction } from '../allocation/index.ts';
import { type RowDigest, readRowDigests } from '../month-rows/index.ts';
import type { Manifest } from './period.ts';

const lineSchema = z.object({
  team: z.string().nullable(),
  feature: z.string(),
  part: z.enum(['usage', 'unmetered', 'unattributed', 'shared']),
  amountNanoUsd: nanoUsdSchema,
  roundingPicoUsd: nanoUsdSchema,
});

const bodySchema = z.object({
  version: z.literal(1),
  lines: z.array(lineSchema),
  corrections: z.array(
    z.object({ month: z.string(), team: z.string().nullable(), amountNanoUsd: nanoUsdSchema }),
  ),
  /** By name, as they were printed: a later version may print otherwise, and hashes must hold. */
  files: z.record(z.string(), z.string()),
});

/** What is kept of a closed month beside its manifest. */
export interface Frozen {
  lines: AllocationLine[];
  corrections: Correction[];
  files: Record<string, string>;
}

export function frozenBody(frozen: Frozen): unknown {
  return bodySchema.encode({ version: 1, ...frozen });
}

/** @throws TallygateError `TALLYGATE_LEDGER_UNAVAILABLE` where the record that a manifest names is not there. */
export async function readFrozen(
  records: FinanceRecords,
  organization: string,
  { month, number }: { month: string; number: number },
): Promise<Frozen> {
  const rows = await records.financeRecords({ organization, kind: 'statements', subject: month });
  const parsed = bodySchema.safeDecode(rows.find((row) => row.number === number)?.body as never);
  if (parsed.success) return parsed.data;
  throw new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', {
    message: `The statements of ${month} that were frozen as number ${number} cannot be read.`,
    cure: 'Restore finance_records from a backup, or read them with the version that closed the month.',
    cause: parsed.error,
  });
}

/** Names of teams are ids without slashes; a name that nobody listed is written so that it stays one. */
export function rowsFile(team: string): string {
  return `rows/${encodeURIComponent(team)}.csv`;
}

/** What a team's rows were when the month was closed; null where that version kept no hashes of them. */
export async function frozenRows(
  records: FinanceRecords,
  organization: string,
  { month, manifest }: { month: string; manifest: Manifest },
  team: string,
): Promise<RowDigest[] | null> {
  if (manifest.rowsTied === null) return null;
  const { files } = await readFrozen(records, organization, { month, number: manifest.statements });
  const csv = files[rowsFile(team)];
  return csv === undefined ? [] : readRowDigests(team, csv);
}

import { isAbsolute, join } from 'node:path';
import { toTextTable } from '@tallygate/report';
import { formatUsd, usdFromNano } from '@tallygate/usage';
import { RAW_DAYS } from '../configuration/resolve.ts';
import type { ResolvedConfig } from '../configuration/resolved.ts';
import { columnMapFrom } from '../import/columns.ts';
import type { ImportTotals } from '../import/import-totals.ts';
import { type ImportParts, importUsage } from '../import/import-usage.ts';
import { createRowReader } from '../import/parse-row.ts';
import { openProgressNote } from '../import/progress-note.ts';
import { type FileFacts, formatOf, lookAt, readRecords } from '../import/read-file.ts';
import type { FileRecord, ImportFormat } from '../import/records.ts';
import { openRejectedRows } from '../import/rejected-rows.ts';
import { type CliContext, type CliRuntime, type CommandOutcome, type GlobalOptions, say } from './context.ts';
import { bookInForce } from './prices/book-source.ts';
import { type ProgressBar, progressBar } from './progress-bar.ts';
import { widthOf } from './report-command.ts';
import { loadFor, requireHistory, withRuntime } from './with-runtime.ts';

export interface ImportOptions extends GlobalOptions {
  format?: string;
  map?: string;
  dryRun?: true;
}

interface Imported {
  file: string;
  totals: ImportTotals;
  unknownColumns: string[];
  rejectedFile: string | null;
  dryRun: boolean;
}

/**
 * `tallygate import <file>`: usage of the past, from before the calls were metered. Running it again changes nothing, so whoever
 * is interrupted runs it again. Exit code 3 where lines were set aside.
 */
export async function importCommand(
  context: CliContext,
  options: ImportOptions,
  file: string,
): Promise<CommandOutcome> {
  const path = isAbsolute(file) ? file : join(context.workingDirectory, file);
  const source = { ...lookAt(path), format: formatOf(path, options.format), map: options.map };
  const reader = createRowReader(columnMapFrom(options.map));
  const loaded = loadFor(context, options);
  if (loaded.config.pseudonymKey === null)
    say(context, 'Without TALLYGATE_PSEUDONYM_KEY no user is imported.');
  return withRuntime(context, loaded, async (runtime) => {
    const dryRun = options.dryRun ?? false;
    const rejected = openRejectedRows(path);
    const bar = progressBar(context);
    try {
      const parts = await partsFor(runtime, loaded.config, source);
      const records = watchedRecords(source, bar);
      const nowMs = context.clock.nowMs();
      const keptDays = loaded.config.retention?.rawDays ?? RAW_DAYS;
      const totals = await importUsage({ ...parts, records, reader, rejected, nowMs, keptDays, dryRun });
      const rejectedFile = await rejected.close();
      if (!dryRun) parts.note.remove();
      bar.clear();
      const unknownColumns = reader.unknownColumns();
      return outcomeOf(context, { file, totals, unknownColumns, rejectedFile, dryRun });
    } catch (error) {
      bar.clear();
      rejected.discard();
      throw error;
    }
  });
}

type Source = FileFacts & { format: ImportFormat; map: string | undefined };

async function partsFor(
  runtime: CliRuntime,
  { pseudonymKey, defaults, dataDirectory }: ResolvedConfig,
  source: Source,
): Promise<Pick<ImportParts, 'terms' | 'history' | 'sink' | 'note'>> {
  const history = requireHistory(runtime);
  const { gate, sink, organization } = runtime;
  const snapshot = await gate.configuration();
  const { book } = bookInForce(snapshot);
  const note = openProgressNote(dataDirectory, { ...source, organization });
  return { terms: { snapshot, book, pseudonymKey, defaults }, history, sink, note };
}

async function* watchedRecords(
  { path, format, bytes }: Source,
  bar: ProgressBar,
): AsyncGenerator<FileRecord> {
  let records = 0;
  const readBytes = (done: number) => bar.show(done, bytes, `${records} records`);
  for await (const record of readRecords(path, format, readBytes)) {
    records += 1;
    yield record;
  }
}

function outcomeOf(context: CliContext, imported: Imported): CommandOutcome {
  const { totals, unknownColumns, rejectedFile, dryRun } = imported;
  for (const remark of remarksOn(imported)) say(context, remark);
  const { byTeam, costNanoUsd, ...counts } = totals;
  const teams = [...byTeam].sort(([left], [right]) => (left < right ? -1 : 1));
  return {
    exitCode: totals.rejected > 0 ? 3 : 0,
    document: {
      schema: 'tallygate.import/1',
      ...{ file: imported.file, dryRun, ...counts, unknownColumns, rejectedFile },
      costUsd: usdFromNano(costNanoUsd),
      teams: teams.map(([team, { rows, costNanoUsd: cost }]) => ({ team, rows, costUsd: usdFromNano(cost) })),
    },
    text: toTextTable(
      {
        columns: [
          { title: 'Team', align: 'left' },
          { title: dryRun ? 'Would be imported' : 'Imported', align: 'right' },
          { title: 'Cost', align: 'right' },
        ],
        rows: teams.map(([team, { rows, costNanoUsd: cost }]) => [team, String(rows), formatUsd(cost)]),
        footer: ['Total', String(totals.imported), formatUsd(costNanoUsd)],
      },
      widthOf(context),
    ),
  };
}

function remarksOn({ totals, unknownColumns, rejectedFile }: Imported): string[] {
  const { records, alreadyStored, repeated, rejected, pricedByRow, pricesDiffer, unpriced } = totals;
  const lines: [number, string][] = [
    [1, `${records} records read.`],
    [alreadyStored, `${alreadyStored} are in the ledger already and were left as they are.`],
    [repeated, `${repeated} name a call that this file has named before.`],
    [pricedByRow, `${pricedByRow} are charged by their own price: the book has none.`],
    [pricesDiffer, `${pricesDiffer} say another price than the book, which is what they are charged.`],
    [unpriced, `${unpriced} have no price at all and are charged by the policy for such models.`],
    [unknownColumns.length, `Not read: ${unknownColumns.join(', ')}. Name them with --map if they matter.`],
    [rejected, `${rejected} could not be imported${rejectedFile === null ? '' : `: see ${rejectedFile}`}.`],
  ];
  const reasons = totals.firstRejected.map(({ line, reason }) => `  line ${line}: ${reason}`);
  return [...lines.filter(([count]) => count > 0).map(([, text]) => text), ...reasons];
}

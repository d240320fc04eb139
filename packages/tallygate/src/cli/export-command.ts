import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ExportedDays, ExportOrder } from '@tallygate/ledger';
import { isoFromMs } from '@tallygate/usage';
import { invalidRequest } from '../invalid-request.ts';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from './context.ts';
import { progressBar } from './progress-bar.ts';
import { describeRange, type RangeOptions, requiredRange, type TimeRange, yesterday } from './time-range.ts';
import { loadFor, withRuntime } from './with-runtime.ts';

export interface ExportOptions extends GlobalOptions, Pick<RangeOptions, 'from' | 'to' | 'month'> {
  format: string;
  out: string;
}

const FORMATS = ['csv', 'parquet'] as const;

/** `tallygate export`: raw rows as files, one per UTC day. Run again after an interruption it writes only the days that lack one. */
export async function exportCommand(context: CliContext, options: ExportOptions): Promise<CommandOutcome> {
  const format = formatFrom(options.format);
  const range = pastDays(context, options);
  const loaded = loadFor(context, options);
  const directory = writableFolder(resolve(context.workingDirectory, options.out), options.out);
  return withRuntime(context, loaded, async ({ organization, sink, ledgerWork }) => {
    const { pending } = await sink.flush();
    if (pending > 0) say(context, `${pending} records wait in the spool and are left out.`);
    const bar = progressBar(context);
    const onDay = (done: number, total: number) => bar.show(done, total, `${done} of ${total} days`);
    const order = { organization, ...range, format, directory };
    const exported = await ledgerWork.exportDays({ ...order, onDay }).finally(bar.clear);
    say(context, `Organization ${organization}, ${describeRange(range)}`);
    return outcomeOf(context, order, exported);
  });
}

function outcomeOf(
  context: CliContext,
  order: ExportOrder,
  { files, written }: ExportedDays,
): CommandOutcome {
  const { organization, fromMs, toMs, format, directory } = order;
  const found = files.length - written;
  if (found > 0) say(context, `${found} days have a file already, which was left as it is.`);
  const range = { from: isoFromMs(fromMs), to: isoFromMs(toMs) };
  return {
    exitCode: 0,
    document: {
      schema: 'tallygate.export/1',
      ...{ organization, ...range, format, directory, files, written },
    },
    text: `${written} files written to ${directory}\n`,
  };
}

function formatFrom(text: string): (typeof FORMATS)[number] {
  const format = FORMATS.find((name) => name === text);
  if (format !== undefined) return format;
  throw invalidRequest(`--format "${text}" is not a format.`, `Use one of ${FORMATS.join(', ')}.`);
}

/** A file stands for its whole day and is not written again, so a day that goes on gets none. */
function pastDays(context: CliContext, options: ExportOptions): TimeRange {
  const nowMs = context.clock.nowMs();
  const { toMs: todayMs } = yesterday(nowMs);
  const range = requiredRange(options, todayMs);
  if (range.toMs <= todayMs) return range;
  throw invalidRequest(
    `The export ends at ${isoFromMs(range.toMs)}, and that day is not over.`,
    `Let it end with ${isoFromMs(todayMs).slice(0, 10)} at the latest; --to is not included.`,
  );
}

function writableFolder(directory: string, named: string): string {
  try {
    mkdirSync(directory, { recursive: true });
    return directory;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw invalidRequest(
      `--out "${named}" is no directory to write to (${code}).`,
      'Name another directory.',
    );
  }
}

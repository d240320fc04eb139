import { resolve } from 'node:path';
import { formatUsd, TallygateError, usdFromNano } from '@tallygate/usage';
import { rangeOfMonth } from '../../allocation/index.ts';
import { packEvidence } from '../../evidence/index.ts';
import type { RowsSince } from '../../month-rows/index.ts';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from '../context.ts';
import { progressBar } from '../progress-bar.ts';
import { requireMonth } from '../time-range.ts';
import { loadFor, requireHistory, withRuntime } from '../with-runtime.ts';
import { statementFiles } from './statement-command.ts';

export interface EvidenceOptions extends GlobalOptions {
  out?: string;
}

/** `tallygate evidence 2026-10/support`: what a statement rests on, as a folder that can be checked file by file. */
export async function evidenceCommand(
  context: CliContext,
  options: EvidenceOptions,
  subject: string,
): Promise<CommandOutcome> {
  const [, written = '', team = ''] = /^([^/]+)\/(.+)$/.exec(subject) ?? [];
  if (team === '')
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: `"${subject}" is not a month and a team.`,
      cure: 'Write both, such as 2026-10/support.',
    });
  const month = requireMonth(written);
  const out = resolve(
    context.workingDirectory,
    options.out ?? `evidence-${month}-${encodeURIComponent(team)}`,
  );
  return withRuntime(context, loadFor(context, options), async (runtime) => {
    await runtime.sink.flush();
    const { organization } = runtime;
    const statements = await statementFiles(runtime, month, team, context.clock.nowMs());
    const history = requireHistory(runtime);
    const bar = progressBar(context);
    const onProgress = (atMs: number) => bar.showAt(atMs, rangeOfMonth(month));
    const request = { history, organization, month, team, statements, onProgress };
    const { files, since } = await packEvidence(request, out).finally(bar.clear);
    if (since !== null) say(context, describeRows(since));
    return {
      exitCode: 0,
      document: {
        ...{ schema: 'tallygate.evidence/1', organization, month, team, folder: out, files },
        rows: since === null ? null : rowsDocument(since),
      },
      text: `${files.map(({ name, sha256 }) => `${sha256}  ${name}`).join('\n')}\n`,
    };
  });
}

/** What the frozen statement can be proved by, and what came after it. */
function describeRows({ days, sameDays, laterLines, laterNanoUsd, missingDays }: RowsSince): string {
  const changed = [
    ...(laterLines === 0 ? [] : [`${laterLines} rows came later, ${formatUsd(laterNanoUsd)}`]),
    ...(missingDays === 0 ? [] : [`of ${missingDays} rows are missing or others`]),
  ];
  const same = `The rows of ${sameDays} of ${days.length} days are those that the month was closed with`;
  return `${[same, ...changed].join('; ')}${changed.length === 0 ? '' : ' (rows.csv)'}.`;
}

function rowsDocument({ days, sameDays, laterLines, laterNanoUsd, missingDays }: RowsSince) {
  return { days: days.length, sameDays, laterLines, laterUsd: usdFromNano(laterNanoUsd), missingDays };
}

import { resolve } from 'node:path';
import { type TextTable, toTextTable } from '@tallygate/report';
import { formatUsd, isoFromMs, TallygateError, usdFromNano } from '@tallygate/usage';
import { type DesiredConfiguration, readConfigurationFile } from '../../configuration/file.ts';
import { planChanges } from '../../configuration/plan.ts';
import { type Replay, replayBudgets, type Touched } from '../../replay/replay-budgets.ts';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from '../context.ts';
import { progressBar } from '../progress-bar.ts';
import { widthOf } from '../report-command.ts';
import { describeRange, rangeFrom } from '../time-range.ts';
import { loadFor, requireHistory, withRuntime } from '../with-runtime.ts';

export interface DryRunOptions extends GlobalOptions {
  file?: string;
  days: string;
}

/** `tallygate budgets dry-run`: who would have been touched, had the file been in force. Changes nothing. */
export async function dryRunCommand(context: CliContext, options: DryRunOptions): Promise<CommandOutcome> {
  const loaded = loadFor(context, options);
  const desired = desiredFrom(context, options, loaded.desired);
  const nowMs = context.clock.nowMs();
  const range = rangeFrom({ days: options.days }, nowMs, { fromMs: nowMs, toMs: nowMs });
  return withRuntime(context, loaded, async (runtime) => {
    const history = requireHistory(runtime);
    const { pending } = await runtime.sink.flush();
    if (pending > 0) say(context, `${pending} records wait in the spool and are left out.`);
    const { after } = planChanges(await runtime.gate.configuration(), desired);
    const bar = progressBar(context);
    const onProgress = (atMs: number, events: number) => bar.showAt(atMs, range, `${events} attempts`);
    const replay = await replayBudgets({ history, snapshot: after, ...range, onProgress }).finally(bar.clear);
    const { organization } = runtime;
    say(context, `Organization ${organization}, ${describeRange(range)}`);
    say(context, summaryOf(replay));
    return {
      exitCode: 0,
      document: {
        schema: 'tallygate.dry-run/1',
        organization,
        from: isoFromMs(range.fromMs),
        to: isoFromMs(range.toMs),
        ...replayDocument(replay),
      },
      text: replay.touched.length === 0 ? '' : toTextTable(touchedTable(replay.touched), widthOf(context)),
    };
  });
}

function desiredFrom(
  { workingDirectory }: CliContext,
  { file }: DryRunOptions,
  found: DesiredConfiguration | null,
): DesiredConfiguration {
  if (file !== undefined) return readConfigurationFile(resolve(workingDirectory, file));
  if (found !== null) return found;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: 'There is no file to try.',
    cure: 'Name one with --file; "tallygate budgets suggest" writes one from what was spent.',
  });
}

function summaryOf({ attempts, denials, stoppedNanoUsd, costNanoUsd }: Replay): string {
  const stopped = `${formatUsd(stoppedNanoUsd)} of ${formatUsd(costNanoUsd)}`;
  return `${denials} of ${attempts} attempts would have been denied: ${stopped} would not have been spent.`;
}

function touchedTable(touched: readonly Touched[]): TextTable {
  const left = ['Budget', 'Team', 'Feature', 'First'];
  const right = ['Denied', 'Stopped'];
  return {
    columns: [
      ...left.map((title) => ({ title, align: 'left' as const })),
      ...right.map((title) => ({ title, align: 'right' as const })),
    ],
    rows: touched.map(({ budgetId, team, feature, firstMs, denials, stoppedNanoUsd }) => [
      ...[budgetId, team, feature, isoFromMs(firstMs)],
      ...[String(denials), formatUsd(stoppedNanoUsd)],
    ]),
  };
}

function replayDocument({ attempts, costNanoUsd, denials, stoppedNanoUsd, touched }: Replay) {
  return {
    attempts,
    costUsd: usdFromNano(costNanoUsd),
    denials,
    stoppedUsd: usdFromNano(stoppedNanoUsd),
    touched: touched.map((row) => ({
      budgetId: row.budgetId,
      team: row.team,
      feature: row.feature,
      denials: row.denials,
      first: isoFromMs(row.firstMs),
      stoppedUsd: usdFromNano(row.stoppedNanoUsd),
    })),
  };
}

import { toTextTable } from '@tallygate/report';
import { isoFromMs, minuteFromMs, type ReportVersion, type ReportVersions } from '@tallygate/usage';
import { findPullDrift, pullState } from '../../pulls/index.ts';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from '../context.ts';
import { widthOf } from '../report-command.ts';
import { type RangeOptions, rangeFrom, type TimeRange } from '../time-range.ts';
import { loadFor, requireHistory, withRuntime } from '../with-runtime.ts';
import { driftDocument, driftTable } from './drift-document.ts';

export type StoredPullsOptions = GlobalOptions & Omit<RangeOptions, 'day'>;

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = '31';

/** `tallygate pulls list`: which reports were pulled when, and how final the provider calls that. */
export function pullsListCommand(context: CliContext, options: StoredPullsOptions): Promise<CommandOutcome> {
  return withVersions(context, options, async (versions, range) => {
    const pulls = (await versions.list(range)).toSorted((left, right) => left.pulledAtMs - right.pulledAtMs);
    if (pulls.length === 0) say(context, 'Nothing was pulled of that time.');
    return {
      exitCode: 0,
      document: { schema: 'tallygate.pulls/1', ...rangeDocument(range), pulls: pulls.map(pullDocument) },
      text: pulls.length === 0 ? '' : toTextTable(pullsTable(pulls), widthOf(context)),
    };
  });
}

/** `tallygate pulls drift`: what has changed from one pull to the next. Exit 3 where the earlier one was final. */
export function pullsDriftCommand(context: CliContext, options: StoredPullsOptions): Promise<CommandOutcome> {
  return withVersions(context, options, async (versions, range) => {
    const drifts = await findPullDrift(versions, range);
    const afterFinal = drifts.filter(({ earlier }) => earlier.state === 'final').length;
    if (drifts.length === 0) say(context, 'No pull of a complete day says otherwise than the one before.');
    if (afterFinal > 0) say(context, `Changes of days that were final: ${afterFinal}. Ask the provider why.`);
    const document = { schema: 'tallygate.pull-drift/1', ...rangeDocument(range), afterFinal };
    return {
      exitCode: afterFinal > 0 ? 3 : 0,
      document: { ...document, drifts: drifts.map(driftDocument) },
      text: drifts.length === 0 ? '' : toTextTable(driftTable(drifts), widthOf(context)),
    };
  });
}

type StoredRange = TimeRange & { organization: string };

function withVersions(
  context: CliContext,
  options: StoredPullsOptions,
  work: (versions: ReportVersions, range: StoredRange) => Promise<CommandOutcome>,
): Promise<CommandOutcome> {
  const nowMs = context.clock.nowMs();
  const asked = [options.from, options.to, options.month, options.days].some((given) => given !== undefined);
  const { fromMs, toMs } = rangeFrom(asked ? options : { days: DEFAULT_DAYS }, nowMs, { fromMs: 0, toMs: 0 });
  const whole = { fromMs: Math.floor(fromMs / DAY_MS) * DAY_MS, toMs: Math.ceil(toMs / DAY_MS) * DAY_MS };
  return withRuntime(context, loadFor(context, options), (runtime) =>
    work(requireHistory(runtime).reportVersions, { organization: runtime.organization, ...whole }),
  );
}

function rangeDocument({ organization, fromMs, toMs }: StoredRange): Record<string, unknown> {
  return { organization, from: isoFromMs(fromMs), to: isoFromMs(toMs) };
}

function pullDocument(pull: ReportVersion): Record<string, unknown> {
  return {
    pulledAt: isoFromMs(pull.pulledAtMs),
    providerOrganizationId: pull.providerOrganizationId,
    report: pull.report,
    from: isoFromMs(pull.fromMs),
    to: isoFromMs(pull.toMs),
    state: pullState(pull.toMs, pull),
    sha256: pull.bodyHash,
  };
}

function pullsTable(pulls: readonly ReportVersion[]) {
  const columns = ['Pulled at', 'Report', 'From', 'To', 'State', 'SHA-256'];
  return {
    columns: columns.map((title) => ({ title, align: 'left' as const })),
    rows: pulls.map((pull) => [
      minuteFromMs(pull.pulledAtMs),
      pull.report,
      minuteFromMs(pull.fromMs),
      minuteFromMs(pull.toMs),
      pullState(pull.toMs, pull),
      pull.bodyHash.slice(0, 12),
    ]),
  };
}

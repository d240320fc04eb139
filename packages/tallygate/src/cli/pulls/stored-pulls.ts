import { toTextTable } from '@tallygate/report';
import { isoFromMs, minuteFromMs, type ReportVersion, type SpendHistory } from '@tallygate/usage';
import { rangeOfMonth } from '../../allocation/index.ts';
import { closedPeriods, readPeriods } from '../../closing/index.ts';
import { type ClosedRange, findPullDrift, type PullState, pullState } from '../../pulls/index.ts';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from '../context.ts';
import { widthOf } from '../report-command.ts';
import { type RangeOptions, rangeFrom, type TimeRange } from '../time-range.ts';
import { loadFor, requireHistory, withRuntime } from '../with-runtime.ts';
import { driftDocument, driftTable } from './drift-document.ts';

export type StoredPullsOptions = GlobalOptions & Omit<RangeOptions, 'day'>;

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = '31';

/** `tallygate pulls list`: which reports were pulled when, how final the provider calls that, and by which a month was closed. */
export function pullsListCommand(context: CliContext, options: StoredPullsOptions): Promise<CommandOutcome> {
  return withVersions(context, options, async (history, range) => {
    const listed = await history.reportVersions.list(range);
    const closings = await readClosings(history, range);
    const pulls = listed
      .toSorted((left, right) => left.pulledAtMs - right.pulledAtMs)
      .map((pull) => ({ ...pull, state: stateOf(pull, closings) }));
    if (pulls.length === 0) say(context, 'Nothing was pulled of that time.');
    return {
      exitCode: 0,
      document: { schema: 'tallygate.pulls/1', ...rangeDocument(range), pulls: pulls.map(pullDocument) },
      text: pulls.length === 0 ? '' : toTextTable(pullsTable(pulls), widthOf(context)),
    };
  });
}

/** `tallygate pulls drift`: what has changed from one pull to the next. Exit 3 where the earlier one was final, or a month was closed by it. */
export function pullsDriftCommand(context: CliContext, options: StoredPullsOptions): Promise<CommandOutcome> {
  return withVersions(context, options, async (history, range) => {
    const closed = await readClosings(history, range);
    const drifts = await findPullDrift(history.reportVersions, { ...range, closed });
    const countOf = (state: PullState) => drifts.filter(({ earlier }) => earlier.state === state).length;
    const [afterFinal, afterClosing] = [countOf('final'), countOf('closed')];
    if (drifts.length === 0) say(context, 'No pull of a complete day says otherwise than the one before.');
    if (afterFinal > 0) say(context, `Changes of days that were final: ${afterFinal}. Ask the provider why.`);
    if (afterClosing > 0)
      say(
        context,
        `Changes of months that are closed: ${afterClosing}. They stand as corrections in the next one.`,
      );
    const counts = { afterFinal, afterClosing };
    const document = { schema: 'tallygate.pull-drift/1', ...rangeDocument(range), ...counts };
    return {
      exitCode: afterFinal + afterClosing > 0 ? 3 : 0,
      document: { ...document, drifts: drifts.map(driftDocument) },
      text: drifts.length === 0 ? '' : toTextTable(driftTable(drifts), widthOf(context)),
    };
  });
}

type StoredRange = TimeRange & { organization: string };

function withVersions(
  context: CliContext,
  options: StoredPullsOptions,
  work: (history: SpendHistory, range: StoredRange) => Promise<CommandOutcome>,
): Promise<CommandOutcome> {
  const nowMs = context.clock.nowMs();
  const asked = [options.from, options.to, options.month, options.days].some((given) => given !== undefined);
  const { fromMs, toMs } = rangeFrom(asked ? options : { days: DEFAULT_DAYS }, nowMs, { fromMs: 0, toMs: 0 });
  const whole = { fromMs: Math.floor(fromMs / DAY_MS) * DAY_MS, toMs: Math.ceil(toMs / DAY_MS) * DAY_MS };
  return withRuntime(context, loadFor(context, options), (runtime) =>
    work(requireHistory(runtime), { organization: runtime.organization, ...whole }),
  );
}

interface ClosedMonth extends ClosedRange {
  versions: ReadonlySet<string>;
}

/** The closed months that are touched, and the versions that each of them holds on to. */
async function readClosings(
  history: SpendHistory,
  { organization, ...range }: StoredRange,
): Promise<ClosedMonth[]> {
  const closed = closedPeriods(await readPeriods(history, organization));
  return [...closed.values()]
    .map(({ month, atMs, manifest }) => ({
      ...rangeOfMonth(month),
      closedAtMs: atMs,
      versions: new Set(manifest.versions.reports.map(versionKey)),
    }))
    .filter(({ fromMs, toMs }) => fromMs < range.toMs && toMs > range.fromMs);
}

function stateOf(pull: ReportVersion, closings: readonly ClosedMonth[]): PullState {
  const isPinned = closings.some(({ versions }) => versions.has(versionKey(pull)));
  return isPinned ? 'closed' : pullState(pull.toMs, pull);
}

function versionKey({
  providerOrganizationId,
  report,
  pulledAtMs,
  bodyHash,
}: Omit<ReportVersion, 'organization'>) {
  return JSON.stringify([providerOrganizationId, report, pulledAtMs, bodyHash]);
}

function rangeDocument({ organization, fromMs, toMs }: StoredRange): Record<string, unknown> {
  return { organization, from: isoFromMs(fromMs), to: isoFromMs(toMs) };
}

function pullDocument(pull: StatedPull): Record<string, unknown> {
  return {
    pulledAt: isoFromMs(pull.pulledAtMs),
    providerOrganizationId: pull.providerOrganizationId,
    report: pull.report,
    from: isoFromMs(pull.fromMs),
    to: isoFromMs(pull.toMs),
    state: pull.state,
    sha256: pull.bodyHash,
  };
}

type StatedPull = ReportVersion & { state: PullState };

function pullsTable(pulls: readonly StatedPull[]) {
  const columns = ['Pulled at', 'Report', 'From', 'To', 'State', 'SHA-256'];
  return {
    columns: columns.map((title) => ({ title, align: 'left' as const })),
    rows: pulls.map((pull) => [
      minuteFromMs(pull.pulledAtMs),
      pull.report,
      minuteFromMs(pull.fromMs),
      minuteFromMs(pull.toMs),
      pull.state,
      pull.bodyHash.slice(0, 12),
    ]),
  };
}

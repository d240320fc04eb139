import { withoutAddress } from '@tallygate/meter';
import { toTextTable } from '@tallygate/report';
import {
  type ConfigurationSnapshot,
  formatUsd,
  isoFromMs,
  resolveTeam,
  UNASSIGNED,
  usdFromNano,
} from '@tallygate/usage';
import { carriedMonths } from '../../closing/index.ts';
import { invalidRequest } from '../../invalid-request.ts';
import { type Reassigned, reassignUsage } from '../../reassign/reassign-usage.ts';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from '../context.ts';
import { progressBar } from '../progress-bar.ts';
import { widthOf } from '../report-command.ts';
import { describeRange, monthToDate, type RangeOptions, rangeFrom, type TimeRange } from '../time-range.ts';
import { loadFor, requireHistory, withRuntime } from '../with-runtime.ts';
import { meantEvents } from './meant-events.ts';

export interface ReassignOptions extends GlobalOptions, Pick<RangeOptions, 'from' | 'month'> {
  where: string[];
  /** The team; where the range ends is `until`. */
  to: string;
  until?: string;
  reason: string;
  yes?: true;
}

/**
 * `tallygate reassign --where feature=x --to b --reason …`: who bears what is recorded. Without --yes it writes nothing. Budgets
 * keep what they were settled at, of this period too: what a team was allowed to spend is not undone by who pays for it.
 */
export async function reassignCommand(
  context: CliContext,
  options: ReassignOptions,
): Promise<CommandOutcome> {
  const isMeant = meantEvents(options.where);
  const range = rangeOf(options, context.clock.nowMs());
  const loaded = loadFor(context, options);
  const named = (text: string) => withoutAddress(text, loaded.config.pseudonymKey);
  return withRuntime(context, loaded, async (runtime) => {
    const history = requireHistory(runtime);
    const { gate, sink, organization } = runtime;
    const snapshot = await gate.configuration();
    const toTeam = knownTeam(snapshot, options.to);
    const carried = await carriedMonths(history, organization, range);
    const { pending } = await sink.flush();
    if (pending > 0) say(context, `${pending} records wait in the spool and are left out.`);
    const bar = progressBar(context);
    const done = await reassignUsage({
      ...{ history, sink, organization, ...range, isMeant, toTeam, configVersion: snapshot.version },
      apply: options.yes ? { actor: named(context.actor), reason: named(options.reason) } : null,
      onProgress: (atMs) => bar.showAt(atMs, range),
    }).finally(bar.clear);
    say(context, `Organization ${organization}, ${describeRange(range)}`);
    say(
      context,
      options.yes ? 'Written. Budgets stay as settled.' : 'Nothing is written: do that with --yes.',
    );
    for (const { month, into } of carried)
      say(context, `${month} is closed: what moves there stands as a correction in ${into}.`);
    const head = { schema: 'tallygate.reassign/1', organization, applied: options.yes ?? false, toTeam };
    const [from, to] = [isoFromMs(range.fromMs), isoFromMs(range.toMs)];
    return {
      exitCode: 0,
      document: { ...head, from, to, carried, ...documentOf(done) },
      text: textOf(context, done, toTeam),
    };
  });
}

function rangeOf({ month, from, until }: ReassignOptions, nowMs: number): TimeRange {
  if (until !== undefined && from === undefined)
    throw invalidRequest('--until is given without --from.', 'Name the beginning with --from.');
  const given = { ...(month === undefined ? {} : { month }), ...(from === undefined ? {} : { from }) };
  return rangeFrom({ ...given, ...(until === undefined ? {} : { to: until }) }, nowMs, monthToDate(nowMs));
}

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID`: money that is moved to a misspelt team would be nobody's. */
function knownTeam(snapshot: ConfigurationSnapshot, named: string): string {
  const isListed = snapshot.teams.some(({ id }) => id === named);
  // With no team listed every name is one, also what was meant as the end of the range.
  if (!isListed && /^\d{4}-\d\d-\d\d/.test(named))
    throw invalidRequest(
      `"${named}" is no team.`,
      'Name the team with --to, and the end of the range with --until.',
    );
  const team = resolveTeam({ ...snapshot, unknownTeams: 'unassigned' }, named);
  if (team !== UNASSIGNED || named === UNASSIGNED) return team;
  throw invalidRequest(
    `Team "${named}" is not in the registry.`,
    'Add it to tallygate.yaml and apply that first.',
  );
}

function documentOf({ attempts, amountNanoUsd, byTeam }: Reassigned): Record<string, unknown> {
  return {
    attempts,
    usd: usdFromNano(amountNanoUsd),
    teams: sorted(byTeam).map(([team, moved]) => ({
      team,
      attempts: moved.attempts,
      usd: usdFromNano(moved.amountNanoUsd),
    })),
  };
}

function textOf(
  context: CliContext,
  { attempts, amountNanoUsd, byTeam }: Reassigned,
  toTeam: string,
): string {
  return toTextTable(
    {
      columns: [
        { title: 'From team', align: 'left' },
        { title: 'Attempts', align: 'right' },
        { title: `To ${toTeam}`, align: 'right' },
      ],
      rows: sorted(byTeam).map(([team, moved]) => [
        team,
        String(moved.attempts),
        formatUsd(moved.amountNanoUsd),
      ]),
      footer: ['Total', String(attempts), formatUsd(amountNanoUsd)],
    },
    widthOf(context),
  );
}

function sorted(byTeam: Reassigned['byTeam']) {
  return [...byTeam].sort(([left], [right]) => (left < right ? -1 : 1));
}

import {
  type Budget,
  type ConfigurationSnapshot,
  formatUsd,
  isoFromMs,
  PERIOD_UNITS,
  type PeriodUnit,
  periodAt,
  requireTimeZone,
  TallygateError,
  usdFromNano,
} from '@tallygate/usage';
import { budgetsYaml, isTeamId } from '../../configuration/budgets-yaml.ts';
import { type Suggestion, suggestBudgets } from '../../configuration/suggest-budgets.ts';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from '../context.ts';
import { describeRange, rangeFrom } from '../time-range.ts';
import { loadFor, requireHistory, withRuntime } from '../with-runtime.ts';

export interface SuggestCommandOptions extends GlobalOptions {
  days: string;
  by: string;
  period: string;
  timeZone: string;
}

/** Of `--by`, what a budget is then for. */
const SCOPES = { team: ['team'], 'team,feature': ['team', 'feature'] } as const;

const COPY =
  'Copy what you want into tallygate.yaml, and try it with "tallygate budgets dry-run --file <file>".';
/** The file is one that `apply` accepts. */
const NOTHING_TO_COPY =
  'No team spent anything in them: nothing is proposed, and applying this file would end every budget. Try a shorter --period.';

/** `tallygate budgets suggest`: limits from what was spent, as a file that `apply` accepts. Changes nothing. */
export async function suggestCommand(
  context: CliContext,
  options: SuggestCommandOptions,
): Promise<CommandOutcome> {
  const dimensions = SCOPES[oneOf('--by', options.by, ['team', 'team,feature'])];
  const period = oneOf(
    '--period',
    options.period,
    PERIOD_UNITS.filter((unit) => unit !== 'minute'),
  );
  const timeZone = requireTimeZone(options.timeZone);
  const range = wholePeriods(context, options.days, period, timeZone);
  return withRuntime(context, loadFor(context, options), async (runtime) => {
    const { organization } = runtime;
    await runtime.sink.flush();
    const live = await runtime.gate.configuration();
    const groupBy = [...dimensions, 'hour' as const];
    const rows = await requireHistory(runtime).spend({ organization, ...range, by: 'budget', groupBy });
    const listable = rows.filter(({ group }) => isTeamId(group.team ?? ''));
    const suggestions = suggestBudgets({ live, rows: listable, ...range, period, timeZone });
    say(context, `Organization ${organization}, ${describeRange(range)}: whole periods only`);
    if (listable.length < rows.length)
      say(context, 'Teams whose names cannot be listed in tallygate.yaml are left out.');
    for (const suggestion of suggestions) say(context, describeSuggestion(suggestion));
    say(context, suggestions.length === 0 ? NOTHING_TO_COPY : COPY);
    const suggested = suggestions.map(({ budget }) => budget);
    const yaml = budgetsYaml(live, [...suggested, ...poolsOf(suggested, live)]);
    return {
      exitCode: 0,
      document: {
        schema: 'tallygate.suggest/1',
        organization,
        from: isoFromMs(range.fromMs),
        to: isoFromMs(range.toMs),
        budgets: suggestions.map(suggestionDocument),
        yaml,
      },
      text: yaml,
    };
  });
}

/** A budget that keeps its pool needs it in the file. */
function poolsOf(budgets: readonly Budget[], live: ConfigurationSnapshot): Budget[] {
  const named = new Set(budgets.map(({ pool }) => pool));
  return live.budgets.filter(({ id, isPool }) => isPool === true && named.has(id));
}

/** From the beginning of the period that holds the first day asked for, to that of the one under way. */
function wholePeriods({ clock }: CliContext, days: string, period: PeriodUnit, timeZone: string) {
  const nowMs = clock.nowMs();
  const asked = rangeFrom({ days }, nowMs, { fromMs: nowMs, toMs: nowMs });
  const fromMs = periodAt(period, timeZone, asked.fromMs).startMs;
  const toMs = periodAt(period, timeZone, nowMs).startMs;
  if (fromMs < toMs) return { fromMs, toMs };
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `No whole ${period} lies within ${days} days.`,
    cure: 'Ask for more --days, or for a shorter --period.',
  });
}

function oneOf<Value extends string>(flag: string, given: string, known: readonly Value[]): Value {
  const found = known.find((value) => value === given);
  if (found !== undefined) return found;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `${flag} "${given}" is not one of ${known.join(' | ')}.`,
    cure: `Write ${flag} ${known[0]}.`,
  });
}

function describeSuggestion({ budget, p95NanoUsd, periods }: Suggestion): string {
  const { id, limit, period } = budget;
  return `${id}: ${formatUsd(limit)} per ${period}; 95 % of ${periods} cost at most ${formatUsd(p95NanoUsd)}`;
}

function suggestionDocument({ budget, p95NanoUsd, periods }: Suggestion): Record<string, unknown> {
  const { limit, ...fields } = budget;
  return { ...fields, limitUsd: usdFromNano(limit), p95Usd: usdFromNano(p95NanoUsd), periods };
}

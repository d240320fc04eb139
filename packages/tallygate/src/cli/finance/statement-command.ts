import type { TeamStatement } from '@tallygate/report';
import { nearestName, type TallygateError } from '@tallygate/usage';
import {
  closedPeriods,
  formsOf,
  monthStatements,
  readFrozen,
  readPeriods,
  STATEMENT_FORMS,
  statementFile,
  stateOfMonth,
} from '../../closing/index.ts';
import { invalidRequest } from '../../invalid-request.ts';
import {
  type CliContext,
  type CliRuntime,
  type CommandOutcome,
  type GlobalOptions,
  say,
} from '../context.ts';
import { requireMonth } from '../time-range.ts';
import { loadFor, requireHistory, withRuntime } from '../with-runtime.ts';

export interface StatementOptions extends GlobalOptions {
  month: string;
  team: string;
  html?: true;
  csv?: true;
}

/** `tallygate statement`: what a team is told of a month; of a closed one what it was told then. */
export async function statementCommand(
  context: CliContext,
  options: StatementOptions,
): Promise<CommandOutcome> {
  const month = requireMonth(options.month);
  if ([options.html, options.csv, options.json].filter(Boolean).length > 1)
    throw invalidRequest('--html, --csv and --json exclude each other.', 'Use one.');
  return withRuntime(context, loadFor(context, options), async (runtime) => {
    const files = await statementFiles(runtime, month, options.team, context.clock.nowMs());
    const document = JSON.parse(files[statementFile(options.team, 'json')] ?? '') as TeamStatement;
    if (document.state !== 'closed')
      say(context, `${month} is ${document.state}: these figures may still change.`);
    const form = options.html ? 'html' : options.csv ? 'csv' : 'txt';
    return { exitCode: 0, document: { ...document }, text: files[statementFile(options.team, form)] ?? '' };
  });
}

/**
 * Every form of a statement by the name of its file: the frozen ones of a closed month, else those of now.
 * @throws TallygateError `TALLYGATE_REQUEST_INVALID` for a team that has none.
 */
export async function statementFiles(
  runtime: CliRuntime,
  month: string,
  team: string,
  nowMs: number,
): Promise<Record<string, string>> {
  const history = requireHistory(runtime);
  const configuration = await runtime.gate.configuration();
  const { organization } = configuration;
  const periods = await readPeriods(history, organization);
  const closed = closedPeriods(periods).get(month);
  if (closed !== undefined) {
    const { files } = await readFrozen(history, organization, { month, number: closed.manifest.statements });
    const names = STATEMENT_FORMS.map((form) => statementFile(team, form));
    const own = Object.entries(files).filter(([name]) => names.includes(name));
    if (own.length > 0) return Object.fromEntries(own);
    throw noStatement(
      month,
      team,
      Object.keys(files).map((name) => /^statements\/(.+)\.json$/.exec(name)?.[1] ?? ''),
    );
  }
  const state = stateOfMonth(month, nowMs);
  const { statements } = await monthStatements(history, configuration, month, { periods, state });
  const found = statements.find((one) => one.team === team);
  if (found !== undefined) return Object.fromEntries(formsOf(found));
  throw noStatement(
    month,
    team,
    statements.map((one) => one.team),
  );
}

function noStatement(month: string, team: string, known: readonly string[]): TallygateError {
  const near = nearestName(
    team,
    known.filter((name) => name !== ''),
  );
  return invalidRequest(
    `Team "${team}" has no statement for ${month}.`,
    near === null ? 'Name a team of tallygate.yaml.' : `Did you mean ${near}?`,
  );
}

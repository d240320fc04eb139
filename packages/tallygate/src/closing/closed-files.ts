import {
  allocationCsv,
  journalCsv,
  type TeamStatement,
  teamStatementCsv,
  teamStatementHtml,
  teamStatementTable,
  toTextTable,
} from '@tallygate/report';
import { type ConfigurationSnapshot, toWireJson } from '@tallygate/usage';
import { costCentresOf, journalOfMonth } from '../allocation/index.ts';
import { type RowDigest, rowDigestsCsv } from '../month-rows/index.ts';
import { rowsFile } from './frozen.ts';
import type { MonthStatements } from './month-statements.ts';

export const STATEMENT_FORMS = ['json', 'csv', 'html', 'txt'] as const;

/** Names of teams come from a list of ids without slashes; a name that nobody listed is written so that it stays one. */
export function statementFile(team: string, form: (typeof STATEMENT_FORMS)[number]): string {
  return `statements/${encodeURIComponent(team)}.${form}`;
}

/** What is kept of a month as it was printed, by name. */
export function closedFiles(
  { bill: { month }, lines, corrections, statements }: MonthStatements,
  rows: readonly RowDigest[],
  rules: ConfigurationSnapshot,
): Record<string, string> {
  const journal = journalOfMonth(rules.organization, { month, lines, corrections }, rules);
  const files: [string, string][] = [
    ['allocation.csv', allocationCsv(lines, costCentresOf(rules))],
    ['journal.csv', journalCsv(journal, 'generic')],
    ...statements.flatMap(formsOf),
    ...rowFiles(rows),
  ];
  return Object.fromEntries(files);
}

/** By team what its rows of each day are, so that they can be told from those that come later. */
function rowFiles(rows: readonly RowDigest[]): [name: string, text: string][] {
  const teams = [...new Set(rows.map(({ team }) => team))].sort();
  return teams.map((team) => [rowsFile(team), rowDigestsCsv(rows.filter((row) => row.team === team))]);
}

/** Every form in which a statement is read. */
export function formsOf(statement: TeamStatement): [name: string, text: string][] {
  const { team } = statement;
  return [
    [statementFile(team, 'json'), `${toWireJson(statement)}\n`],
    [statementFile(team, 'csv'), teamStatementCsv(statement)],
    [statementFile(team, 'html'), teamStatementHtml(statement)],
    [statementFile(team, 'txt'), toTextTable(teamStatementTable(statement))],
  ];
}

import { FINANCE_DEFAULTS, type Finance, type SpreadRule, type Team } from '@tallygate/usage';
import { requireListedTeam } from './file-meaning.ts';
import type { FileContent } from './file-schema.ts';
import type { LocatedDocument } from './yaml-document.ts';

/** Nothing where the file says nothing of it: the defaults are then in force, also those of a later version. */
export function financeFrom(
  { finance }: FileContent,
  teams: Team[],
  document: LocatedDocument,
): { finance?: Finance } {
  if (!finance) return {};
  for (const field of ['shared', 'unattributed'] as const)
    requireListedTeam(teamOf(finance[field]), teams, ['finance', field, 'team'], document);
  const written = Object.entries(finance).filter(([, value]) => value !== undefined);
  return { finance: { ...FINANCE_DEFAULTS, ...Object.fromEntries(written) } };
}

function teamOf(rule: SpreadRule | undefined): string | undefined {
  return typeof rule === 'object' ? rule.team : undefined;
}

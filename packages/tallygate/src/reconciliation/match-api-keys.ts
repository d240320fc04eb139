import type { OrganizationApiKey } from '@tallygate/admin-api';
import type { SpendRow } from '@tallygate/usage';

type HintedKey = Pick<OrganizationApiKey, 'id' | 'hint'>;

/**
 * Which of the provider's keys a row of ours belongs to. A row may carry the key's id, or only the hint that the meter kept;
 * a hint names a key when exactly one key of the organization fits it, archived ones included. Two that fit name nothing.
 */
export interface ApiKeyMatcher {
  idOf(row: SpendRow): string | null;
  /** Hints that no single key fits, in order. */
  unresolvedHints: string[];
}

export function matchApiKeys(rows: readonly SpendRow[], keys: readonly HintedKey[]): ApiKeyMatcher {
  const hints = [...new Set(rows.filter(needsHint).map(hintOf))].sort();
  const idByHint = new Map(hints.map((hint) => [hint, idByFit(hint, keys)]));
  return {
    idOf: (row) => row.group.apiKeyId || (idByHint.get(hintOf(row)) ?? null),
    unresolvedHints: hints.filter((hint) => idByHint.get(hint) == null),
  };
}

export function needsHint(row: SpendRow): boolean {
  return !row.group.apiKeyId && hintOf(row) !== '' && row.group.backend === 'anthropic';
}

function hintOf(row: SpendRow): string {
  return row.group.apiKeyHint ?? '';
}

function idByFit(hint: string, keys: readonly HintedKey[]): string | null {
  const fitting = keys.filter((key) => key.hint !== null && hintsFit(hint, key.hint));
  return fitting.length === 1 ? (fitting[0]?.id ?? null) : null;
}

/** Both are "first...last" of the same secret, perhaps cut at other lengths. */
function hintsFit(left: string, right: string): boolean {
  const [leftEnds, rightEnds] = [endsOf(left), endsOf(right)];
  if (leftEnds === null || rightEnds === null) return false;
  const startsFit = leftEnds.first.startsWith(rightEnds.first) || rightEnds.first.startsWith(leftEnds.first);
  return startsFit && (leftEnds.last.endsWith(rightEnds.last) || rightEnds.last.endsWith(leftEnds.last));
}

function endsOf(hint: string): { first: string; last: string } | null {
  const [first, last, ...more] = hint.split(/\.\.\.|…/);
  return first && last && more.length === 0 ? { first, last } : null;
}

import type { OrganizationApiKey } from '@tallygate/admin-api';
import { groupRows } from '@tallygate/reconcile';
import type { SpendRow } from '@tallygate/usage';

type HintedKey = Pick<OrganizationApiKey, 'id' | 'hint'>;

/**
 * Which of the provider's keys a row of ours belongs to. A row may carry the key's id, or only the hint that the meter kept;
 * a hint names a key when exactly one key of the organization fits it, archived ones included. Two that fit name nothing.
 */
export interface ApiKeyMatcher {
  idOf(row: SpendRow): string | null;
  /** The hints by which rows may name one of these keys. */
  hintsOf(apiKeyIds: readonly string[]): string[];
  /** Hints that no single key fits, in order. */
  unresolvedHints: string[];
}

export function matchApiKeys(rows: readonly SpendRow[], keys: readonly HintedKey[]): ApiKeyMatcher {
  const hints = [...new Set(rows.filter(needsHint).map(hintOf))].sort();
  const known = keys.flatMap(({ id, hint }) => {
    const ends = hint === null ? null : endsOf(hint);
    return ends === null ? [] : [{ id, ends }];
  });
  const candidatesOf = byLastLetter(known);
  const idByHint = new Map(hints.map((hint) => [hint, idByFit(hint, candidatesOf)]));
  return {
    idOf: (row) => row.group.apiKeyId || (idByHint.get(hintOf(row)) ?? null),
    hintsOf: (apiKeyIds) => {
      const wanted = new Set<string | null>(apiKeyIds);
      return hints.filter((hint) => wanted.has(idByHint.get(hint) ?? null));
    },
    unresolvedHints: hints.filter((hint) => idByHint.get(hint) == null),
  };
}

export function needsHint(row: SpendRow): boolean {
  return !row.group.apiKeyId && hintOf(row) !== '' && row.group.backend === 'anthropic';
}

function hintOf(row: SpendRow): string {
  return row.group.apiKeyHint ?? '';
}

interface Ends {
  first: string;
  last: string;
}

interface EndedKey {
  id: string;
  ends: Ends;
}

/** However a hint is cut, its last letter is the key's: with it a thousand keys are not compared with a thousand hints. */
function byLastLetter(keys: readonly EndedKey[]): (ends: Ends) => readonly EndedKey[] {
  const letterOf = ({ last }: Ends) => last.slice(-1);
  const letters = groupRows(keys, ({ ends }) => letterOf(ends));
  return (ends) => letters.get(letterOf(ends)) ?? [];
}

function idByFit(hint: string, candidatesOf: (ends: Ends) => readonly EndedKey[]): string | null {
  const own = endsOf(hint);
  const fitting = own === null ? [] : candidatesOf(own).filter(({ ends }) => endsFit(own, ends));
  return fitting.length === 1 ? (fitting[0]?.id ?? null) : null;
}

/** Both are "first...last" of the same secret, perhaps cut at other lengths. */
function endsFit(left: Ends, right: Ends): boolean {
  const startsFit = left.first.startsWith(right.first) || right.first.startsWith(left.first);
  return startsFit && (left.last.endsWith(right.last) || right.last.endsWith(left.last));
}

function endsOf(hint: string): Ends | null {
  const [first, last, ...more] = hint.split(/\.\.\.|…/);
  return first && last && more.length === 0 ? { first, last } : null;
}

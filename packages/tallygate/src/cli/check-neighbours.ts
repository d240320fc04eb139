import type { FoundGate } from '@tallygate/gate';
import type { ResolvedConfig } from '../configuration/resolved.ts';
import { DEFAULT_ORGANIZATION } from '../configuration/settings.ts';
import { type Check, fail, ok, warn } from './check.ts';

/** What was asked within this time is in use: a process of the same budgets that calls once a day is not found by it. */
const IN_USE_MS = 3_600_000;

/**
 * Whether somebody counts the same budgets a second time in this Redis: an older version under other keys, or a process that was not
 * told, or told otherwise, which organization it is of. Two organizations by design are listed and no fault.
 */
export function checkNeighbours(
  gates: readonly FoundGate[] | null,
  { organization, mode }: Pick<ResolvedConfig, 'organization' | 'mode'>,
): Check[] {
  if (gates === null) return [];
  const inUse = gates.filter(({ idleMs }) => idleMs === null || idleMs < IN_USE_MS);
  const older = inUse.find((gate) => gate.organization === organization && !gate.isOurLayout);
  const others = [...new Set(inUse.map((gate) => gate.organization))].filter((name) => name !== organization);
  if (older !== undefined) {
    const found = `budgets of "${organization}" are counted twice: another version keeps its own counters (${older.layout}) here`;
    const cure =
      'Run one version in every process that uses this Redis; docs/redis.md, "Upgrading", says how.';
    return [mode === 'enforce' ? fail('gates', found, cure) : warn('gates', found, cure)];
  }
  const twin = others.find((name) => isMistakable(name, organization));
  if (twin !== undefined) {
    return [
      warn(
        'gates',
        `this process is of organization "${organization}", others that use this Redis are of "${twin}": each has budgets of its own`,
        'Give every process that shares budgets the same TALLYGATE_ORGANIZATION.',
      ),
    ];
  }
  const beside = others.length === 0 ? '' : `; beside it ${others.map((name) => `"${name}"`).join(', ')}`;
  return [ok('gates', `one set of counters for "${organization}"${beside}`)];
}

/** One of them was not named, or they differ in how they are written only. */
function isMistakable(left: string, right: string): boolean {
  return [left, right].includes(DEFAULT_ORGANIZATION) || left.toLowerCase() === right.toLowerCase();
}

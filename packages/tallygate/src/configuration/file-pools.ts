import { type Budget, nearestName } from '@tallygate/usage';
import { alertsFrom } from './file-alerts.ts';
import { knownZone, limitFrom, measureIn, overageFrom } from './file-limits.ts';
import type { FileContent } from './file-schema.ts';
import type { LocatedDocument, Path } from './yaml-document.ts';

/** Beside the budgets, because a pool is counted, granted more and alerted like one; but it covers no call itself. */
export function poolsFrom({ budgets, pools }: FileContent, document: LocatedDocument): Budget[] {
  const seen = new Set(budgets.map(({ id }) => id));
  return pools.map((pool, index) => {
    const at = (...steps: string[]): Path => ['pools', index, ...steps];
    if (seen.has(pool.id))
      throw document.invalid(
        at('id'),
        `"${pool.id}" is listed twice`,
        'Budgets and pools each need their own id.',
      );
    seen.add(pool.id);
    return {
      id: pool.id,
      scope: {},
      isPool: true,
      period: pool.period,
      timeZone: knownZone(pool.timeZone, at('timeZone'), document),
      ...limitFrom(pool.limit, at('limit'), document),
      ...overageFrom(pool.overage, at('overage'), document),
      onOutage: 'block',
      ...alertsFrom(pool.alerts, at('alerts'), document),
    };
  });
}

/** What is missing on a budget can only be held on a pool that there is, and that counts the same. */
export function poolFrom(
  { pool, limit }: FileContent['budgets'][number],
  path: Path,
  { pools }: FileContent,
  document: LocatedDocument,
): Pick<Budget, 'pool'> {
  if (pool === undefined) return {};
  const named = pools.find(({ id }) => id === pool);
  if (named === undefined) {
    const ids = pools.map(({ id }) => id);
    const near = nearestName(pool, ids);
    const cure =
      near === null ? `List it under pools: { id: ${pool}, limit, period }.` : `Did you mean ${near}?`;
    throw document.invalid(path, `"${pool}" is not listed under pools`, cure);
  }
  const [own, shared] = [measureIn(limit), measureIn(named.limit)];
  if (own !== undefined && shared !== undefined && own !== shared)
    throw document.invalid(
      path,
      `"${pool}" is limited in ${shared}, the budget in ${own}`,
      `Give the budget a pool that is limited in ${own}, too.`,
    );
  return { pool };
}

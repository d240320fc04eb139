import type { UsageBucket } from '@tallygate/admin-api';
import { type DaySides, USAGE_GROUPS, WORKSPACE_GROUPS } from '@tallygate/reconcile';
import { orNull } from './or-null.ts';

export type FastParts = {
  [Part in keyof Pick<DaySides, 'fastUsage' | 'fastByWorkspace'>]: UsageBucket[] | null;
};
type Dimension = (typeof USAGE_GROUPS | typeof WORKSPACE_GROUPS)[number];

export const ONLY_FAST = { speeds: ['fast'] };

/**
 * Usage at fast speed, by a question of its own. Null where the provider refuses to be asked for it, as it does where fast mode is not
 * open to the organization. Where there is none by key there is none by workspace either.
 */
export async function readFastParts(
  ask: (groupBy: Dimension[]) => Promise<UsageBucket[]>,
): Promise<FastParts> {
  const fastUsage = await orNull(() => ask([...USAGE_GROUPS]));
  const isSome = fastUsage?.some(({ rows }) => rows.length > 0) === true;
  return { fastUsage, fastByWorkspace: isSome ? await ask([...WORKSPACE_GROUPS]) : fastUsage };
}

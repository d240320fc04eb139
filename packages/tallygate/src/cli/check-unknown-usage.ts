import type { UnknownUsage } from '@tallygate/usage';
import { attempt, type Check, lastDaysOf, ok, warn } from './check.ts';
import type { CliContext, CliRuntime } from './context.ts';

const LOOKED_BACK_DAYS = 30;
const NAMED_AT_MOST = 5;
const NAME = 'unknown usage';

/**
 * Does the provider report what this version does not read? It is kept raw and priced as the dearer reading, so nothing is lost;
 * but a new kind of token may be missing from the costs until somebody upgrades. No check where there is no ledger to ask.
 */
export async function checkUnknownUsage(
  context: CliContext,
  { history, organization }: CliRuntime,
): Promise<Check[]> {
  if (history === null) return [];
  const range = { organization, ...lastDaysOf(context.clock.nowMs(), LOOKED_BACK_DAYS) };
  const asked = await attempt(NAME, async () => ({ seen: await history.unknownUsage(range) }));
  if ('failed' in asked) return [asked.failed];
  const { seen } = asked.value;
  if (seen.length === 0) return [ok(NAME, `none in the last ${LOOKED_BACK_DAYS} days`)];
  const found = `unknown usage fields seen in the last ${LOOKED_BACK_DAYS} days: ${describeSeen(seen)}`;
  return [
    warn(
      NAME,
      found,
      `Upgrade tallygate from ${context.versions.tallygate}: a newer version may price them.`,
    ),
  ];
}

/** The most frequent first. */
function describeSeen(seen: readonly UnknownUsage[]): string {
  const named = [...seen].sort((left, right) => right.attempts - left.attempts).slice(0, NAMED_AT_MOST);
  const texts = named.map(({ field, value, attempts }) => {
    const name = value === '' ? field : `${field} "${value}"`;
    return `${printable(name)} (${attempts} ${attempts === 1 ? 'attempt' : 'attempts'})`;
  });
  const more = seen.length - named.length;
  return `${texts.join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}

/** Names come from an answer on the network: none of them may steer a terminal. */
function printable(name: string): string {
  return name.replace(/\p{C}/gu, '\uFFFD').slice(0, 120);
}

import { REPORTS, type ReportName } from '@tallygate/admin-api';
import type { LoadedConfig } from '../configuration/load.ts';
import { type ProviderAccess, providerAccesses } from '../configuration/provider-access.ts';
import { attempt, type Check, fail, ok, warn } from './check.ts';
import type { CliContext } from './context.ts';
import { problemOf, toTallygateError } from './outcome.ts';

/** Asks the provider what the admin key opens: one that was revoked, or is a workspace's, looks good until it is used. */
export async function checkAdminKeys(context: CliContext, loaded: LoadedConfig): Promise<Check[]> {
  const accesses = await attempt(NAME, () => providerAccesses(loaded, context.environment));
  if ('failed' in accesses) return [accesses.failed];
  if (accesses.value.length === 0) {
    const cure = 'Set ANTHROPIC_ADMIN_KEY to reconcile with the bill.';
    return [warn(NAME, 'none: nothing can be reconciled', cure)];
  }
  const checks: Check[] = [];
  for (const access of accesses.value)
    for (const key of access.keys) checks.push(await checkAdminKey(context, { ...access, keys: [key] }));
  return checks;
}

const NAME = 'admin key';

async function checkAdminKey(context: CliContext, access: ProviderAccess): Promise<Check> {
  const { organizationId, keys } = access;
  const whose = organizationId === null ? '' : `${keys[0].variable} of ${organizationId}: `;
  const named = (check: Check): Check => ({ ...check, found: `${whose}${check.found}` });
  try {
    return named(judge(await context.openAdminApi(access).readableReports(context.clock.nowMs())));
  } catch (thrown) {
    const error = toTallygateError(thrown);
    const isOutage = error.code === 'TALLYGATE_PROVIDER_UNAVAILABLE';
    return named((isOutage ? warn : fail)(NAME, problemOf(error), error.cure));
  }
}

function judge(readable: ReadonlySet<ReportName>): Check {
  const what = `reads ${REPORTS.filter((name) => readable.has(name)).join(', ')}`;
  const closed = REPORTS.filter((name) => !readable.has(name));
  if (readable.has('analytics') || (readable.has('usage') && readable.has('cost')))
    return ok('admin key', closed.length === 0 ? what : `${what}; not ${closed.join(', ')}`);
  const cure =
    'Use an admin key of the organization (sk-ant-admin01-…), or one with the scope read:analytics.';
  return warn('admin key', `${what}, which is not enough to reconcile`, cure);
}

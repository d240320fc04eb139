import { REPORTS, type ReportName } from '@tallygate/admin-api';
import type { ResolvedConfig } from '../configuration/resolved.ts';
import { type Check, fail, ok, warn } from './check.ts';
import type { CliContext } from './context.ts';
import { problemOf, toTallygateError } from './outcome.ts';

/** Asks the provider what the admin key opens: one that was revoked, or is a workspace's, looks good until it is used. */
export async function checkAdminKey(context: CliContext, config: ResolvedConfig): Promise<Check> {
  if (config.adminKey === null) {
    return warn(
      'admin key',
      'none: nothing can be reconciled',
      'Set ANTHROPIC_ADMIN_KEY to reconcile with the bill.',
    );
  }
  try {
    return judge(await context.openAdminApi(config).readableReports(context.clock.nowMs()));
  } catch (thrown) {
    const error = toTallygateError(thrown);
    const isOutage = error.code === 'TALLYGATE_PROVIDER_UNAVAILABLE';
    return (isOutage ? warn : fail)('admin key', problemOf(error), error.cure);
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

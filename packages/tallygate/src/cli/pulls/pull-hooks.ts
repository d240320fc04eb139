import { type SpendHistory, TallygateError } from '@tallygate/usage';
import type { LoadedConfig } from '../../configuration/load.ts';
import type { ResolvedConfig } from '../../configuration/resolved.ts';
import { keepPulls, type PullHooks } from '../../pulls/index.ts';
import { holdsLedger } from '../../runtime/data-directory.ts';
import { type CliContext, say } from '../context.ts';
import { withRuntime } from '../with-runtime.ts';

/** What is read of the provider's reports goes into this ledger, or is not answered. */
export function pullHooks(context: CliContext, { config }: LoadedConfig, history: SpendHistory): PullHooks {
  const { organization, pseudonymKey } = config;
  return keepPulls({ organization, versions: history.reportVersions, pseudonymKey, clock: context.clock });
}

/**
 * For who needs no ledger: where one is, reports are stored in it; where none is, nothing is opened and nothing said. A ledger that
 * fails is said, once, and keeps nobody from an answer.
 */
export async function withPulls<Result>(
  context: CliContext,
  loaded: LoadedConfig,
  work: (hooks?: PullHooks) => Promise<Result>,
): Promise<Result> {
  if (!hasLedger(loaded.config)) return work();
  let begun = false;
  try {
    return await withRuntime(context, loaded, (runtime) => {
      begun = true;
      return runtime.history === null
        ? work()
        : work(forgiving(context, pullHooks(context, loaded, runtime.history)));
    });
  } catch (error) {
    if (begun) throw error;
    sayNotStored(context, error);
    return work();
  }
}

function hasLedger({ url, clickhouseUrl, dataDirectory }: ResolvedConfig): boolean {
  return url !== null || clickhouseUrl !== null || holdsLedger(dataDirectory);
}

function forgiving(context: CliContext, hooks: PullHooks): PullHooks {
  let isSaid = false;
  return {
    ...hooks,
    onReport: (report) =>
      hooks.onReport(report).catch((error: unknown) => {
        if (!isSaid) sayNotStored(context, error);
        isSaid = true;
      }),
  };
}

function sayNotStored(context: CliContext, error: unknown): void {
  const reason = TallygateError.isInstance(error) ? error.message : 'an unexpected error';
  say(context, `Not stored in the ledger: ${reason}`);
}

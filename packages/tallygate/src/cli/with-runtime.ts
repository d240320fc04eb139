import { type SpendHistory, TallygateError } from '@tallygate/usage';
import { type LoadedConfig, loadConfig } from '../configuration/load.ts';
import type { CliContext, CliRuntime, GlobalOptions } from './context.ts';

/** Settings for this command: its flags before the environment before tallygate.yaml. */
export function loadFor(context: CliContext, options: GlobalOptions & { port?: string }): LoadedConfig {
  const { environment, workingDirectory } = context;
  const flags = {
    dataDirectory: options.data,
    organization: options.organization,
    configFile: options.config,
    consolePort: options.port,
  };
  return loadConfig({ flags, environment, workingDirectory });
}

/** Opens, works, and closes whatever happens: a command that fails must not keep the data directory. */
export async function withRuntime<Result>(
  context: CliContext,
  loaded: LoadedConfig,
  work: (runtime: CliRuntime) => Promise<Result>,
): Promise<Result> {
  const runtime = await context.openRuntime(loaded.config);
  try {
    return await work(runtime);
  } finally {
    await runtime.close();
  }
}

/** @throws TallygateError `TALLYGATE_ENGINE_MISSING` where this process reaches no ledger: an empty answer would be a lie. */
export function requireHistory(runtime: CliRuntime): SpendHistory {
  if (runtime.history !== null) return runtime.history;
  throw new TallygateError('TALLYGATE_ENGINE_MISSING', { message: 'There is no ledger to ask.' });
}

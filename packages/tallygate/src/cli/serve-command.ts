import { type Logger, silentLogger, TallygateError } from '@tallygate/usage';
import { startAlerts } from '../alerts/start-alerts.ts';
import type { ResolvedConfig } from '../configuration/resolved.ts';
import { type CliContext, type CliRuntime, type CommandOutcome, type GlobalOptions, say } from './context.ts';
import { type LocalBridge, openLocalBridge } from './local-bridge.ts';
import { loadFor, withRuntime } from './with-runtime.ts';

export interface ServeOptions extends GlobalOptions {
  port?: string;
}

/**
 * `tallygate serve`: owns the data directory until it is stopped, so that applications come and go without the gate and the
 * ledger moving between them. With a port, the same routes also answer on 127.0.0.1.
 */
export async function serveCommand(context: CliContext, options: ServeOptions): Promise<CommandOutcome> {
  const loaded = loadFor(context, options);
  const { config } = loaded;
  return withRuntime(context, loaded, async (runtime) => {
    requireOwner(runtime, config);
    const bridge = await openBridge(context, config);
    const { clock } = context;
    const alerts = startAlerts(runtime, { config, onAlert: undefined, clock, logger: sayingLogger(context) });
    try {
      say(
        context,
        `Serving ${config.dataDirectory}${bridge === null ? '' : ` and http://127.0.0.1:${bridge.port}`}`,
      );
      await context.untilStopped();
    } finally {
      await alerts?.stop();
      await bridge?.close();
    }
    const { organization } = runtime;
    return { exitCode: 0, document: { schema: 'tallygate.serve/1', organization, stopped: true }, text: '' };
  });
}

/** What goes wrong while nobody asks, on stderr. */
function sayingLogger(context: CliContext): Logger {
  const tell: Logger['warn'] = (message, fields) => say(context, `${message} ${fields?.['reason'] ?? ''}`);
  return { ...silentLogger, warn: tell, error: tell };
}

async function openBridge(context: CliContext, config: ResolvedConfig): Promise<LocalBridge | null> {
  if (config.consolePort === null) return null;
  const bridge = await openLocalBridge(config.consolePort, context.ownerSocketPath(config.dataDirectory));
  say(context, `Send the token that stands in ${config.dataDirectory}/token as a bearer token.`);
  return bridge;
}

/** Where others keep gate and ledger there is nothing to own; where another process owns them, nothing is left to do. */
function requireOwner({ role }: CliRuntime, { dataDirectory }: ResolvedConfig): void {
  if (role === 'owner') return;
  if (role === 'client')
    throw new TallygateError('TALLYGATE_DIRECTORY_OWNED', {
      message: `${dataDirectory} is served by another process already.`,
    });
  throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: 'Gate and ledger are shared already, so there is no directory to serve.',
    cure: 'Run the control plane, or unset TALLYGATE_URL, TALLYGATE_REDIS_URL and TALLYGATE_CLICKHOUSE_URL.',
  });
}

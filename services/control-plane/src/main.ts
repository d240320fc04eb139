import { systemClock, TallygateError } from '@tallygate/usage';
import { openTallygate } from 'tallygate';
import { settingsFromEnvironment } from './env.ts';
import { jsonLinesLogger } from './json-lines.ts';
import { startControlPlane } from './start.ts';

/**
 * Runs the control plane until SIGINT or SIGTERM. Its address goes to stdout, JSON lines to stderr. Ends with 0 when it was
 * stopped, else with the exit code of the error that kept it from starting.
 */
const logger = jsonLinesLogger(systemClock, (line) => process.stderr.write(line));

async function run(): Promise<void> {
  const { port, host, token } = settingsFromEnvironment(process.env);
  // It is the shared gate for others and sends no calls of its own, so neither a mode nor another control plane applies.
  const runtime = await openTallygate({ mode: 'observe', url: null, logger, clock: systemClock });
  const running = await startControlPlane({ runtime, clock: systemClock, logger, token, port, host }).catch(
    async (error: unknown) => {
      await runtime.close();
      throw error;
    },
  );
  process.stdout.write(`${running.url}\n`);
  logger.info('Control plane started.', { url: running.url, role: runtime.role });
  const stop = (): void => {
    running
      .close()
      .then(() => runtime.close())
      .catch(fail);
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function fail(error: unknown): void {
  const known = TallygateError.isInstance(error) ? error : null;
  logger.error(
    known?.message ?? 'The control plane failed.',
    known ? { code: known.code } : { cause: String(error) },
  );
  process.exitCode = known?.exitCode ?? 1;
}

run().catch(fail);

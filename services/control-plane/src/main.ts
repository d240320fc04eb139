import { systemClock, TallygateError } from '@tallygate/usage';
import { keepRecord, openTallygate } from 'tallygate';
import { describeDefect } from './answers.ts';
import { settingsFromEnvironment } from './env.ts';
import { jsonLinesLogger } from './json-lines.ts';
import { startControlPlane } from './server.ts';

/**
 * Runs the control plane until SIGINT or SIGTERM, then drains: requests in progress finish, the spool is shipped, the data
 * directory is let go. Its address goes to stdout, JSON lines to stderr. Ends with 0 when it was stopped, else with the exit
 * code of the error that kept it from starting.
 */
const clock = systemClock;
const logger = jsonLinesLogger(clock, (line) => void process.stderr.write(line));

async function run(): Promise<void> {
  const { port, token } = settingsFromEnvironment(process.env);
  // It is what TALLYGATE_URL of the applications names: read here, it would ask itself. It sends no calls, so no mode applies.
  const runtime = await openTallygate({ url: null, mode: 'observe', logger, clock });
  const { gate, history } = runtime;
  const record = history && keepRecord({ gate, history, clock, logger, actor: 'control-plane' });
  try {
    const running = await startControlPlane({ runtime, clock, logger, token, port, host: '127.0.0.1' });
    process.stdout.write(`${running.url}\n`);
    logger.info('Serving.', { url: running.url, organization: runtime.organization, role: runtime.role });
    logger.info('Stopping.', { signal: await untilStopped() });
    await running.close();
  } finally {
    await record?.stop();
    await runtime.close();
  }
}

function untilStopped(): Promise<string> {
  return new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}

function fail(error: unknown): void {
  if (TallygateError.isInstance(error)) {
    logger.error(error.message, { code: error.code });
    process.exitCode = error.exitCode;
    return;
  }
  logger.error('The control plane failed unexpectedly.', describeDefect(error));
  process.exitCode = 1;
}

run().catch(fail);

import { optionsFromEnvironment } from './env.ts';
import { startSimulator } from './server.ts';

/**
 * Runs the simulator alone. Its address goes to stdout, one record per request as JSON lines to stderr.
 * Ends with 0 on SIGINT or SIGTERM, 1 when the port cannot be had, 2 when a flag or a setting is not known.
 */
const USAGE = 'usage: simulator [--json]   settings: SIMULATOR_PORT, SIMULATOR_SEED, SIMULATOR_API_KEYS …';

const [flag, ...rest] = process.argv.slice(2);

function writeLog(record: Record<string, unknown>): void {
  process.stderr.write(`${JSON.stringify(record)}\n`);
}

function fail(error: unknown): void {
  writeLog({ event: 'not started', reason: error instanceof Error ? error.message : 'unknown' });
  process.exitCode = error instanceof RangeError ? 2 : 1;
}

async function run(): Promise<void> {
  if ((flag !== undefined && flag !== '--json') || rest.length > 0) throw new RangeError(USAGE);
  const running = await startSimulator({ ...optionsFromEnvironment(process.env), log: writeLog });
  const { url, port } = running;
  process.stdout.write(flag === '--json' ? `${JSON.stringify({ url, port })}\n` : `${url}\n`);
  const stop = (): void => {
    running.close().catch(fail);
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

run().catch(fail);

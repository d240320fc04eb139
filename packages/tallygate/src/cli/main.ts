import { createRequire } from 'node:module';
import { userInfo } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { inspectRedis } from '@tallygate/gate';
import { type Logger, systemClock } from '@tallygate/usage';
import { openProvider } from '../provider/index.ts';
import { openOwnerRecords } from '../runtime/owner-records.ts';
import { openRuntime } from '../runtime/runtime.ts';
import type { CliContext } from './context.ts';
import { toTallygateError } from './outcome.ts';
import { runCli } from './program.ts';
import { createReconcileDays } from './reconcile-days.ts';

/** The composition root of the command line: the only file of it that looks at the process. `bin/tallygate.js` imports it. */

const require = createRequire(import.meta.url);
const clock = systemClock;

/** Warnings of the libraries are for people, so they go where messages go. */
const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message) => warn(message),
  error: (message) => warn(message),
};

function warn(message: string): void {
  process.stderr.write(`tallygate: ${message}\n`);
}

function versionOf(manifest: string): string | null {
  try {
    return String((require(manifest) as { version?: unknown }).version);
  } catch {
    return null;
  }
}

/** Containers often run as a user id that no file names. */
function actorName(): string {
  try {
    return process.env['USER'] ?? userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** A signal handler alone does not keep a process alive. */
function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    const alive = setInterval(() => undefined, 2 ** 30);
    const stop = () => {
      clearInterval(alive);
      resolve();
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
  });
}

const context: CliContext = {
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  workingDirectory: process.cwd(),
  clock,
  actor: actorName(),
  userId: process.getuid?.() ?? null,
  versions: {
    tallygate: versionOf('../../package.json') ?? 'unknown',
    node: process.version,
    chdb: versionOf('chdb/package.json'),
  },
  openRuntime: (config) => openRuntime(config, { clock, logger }),
  openAdminApi: (access, hooks) => openProvider(access, logger, hooks),
  inspectRedis,
  reconcileDays: createReconcileDays({ clock }),
  ownerSocketPath: (dataDirectory) => openOwnerRecords(dataDirectory).latest()?.socketPath ?? '',
  untilStopped,
  pause: (durationMs, signal) => setTimeout(durationMs, undefined, { signal }).catch(() => undefined),
};

// "| head" closes the pipe early: that is no failure of ours, and the exit code stays what the command found.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exit(1);
  });
}
// The last line of defence for "no stack trace ever".
process.on('uncaughtException', (error) => {
  warn(toTallygateError(error).message);
  process.exit(1);
});

process.exitCode = await runCli(process.argv.slice(2), context);

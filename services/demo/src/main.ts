import { TallygateError } from '@tallygate/usage';
import { prepareDirectory } from './demo-directory.ts';
import { runMainJob } from './main-job.ts';
import { createNarrator } from './narrator.ts';
import { readOptions } from './options.ts';
import { printResult } from './print-result.ts';

/** `npm start`: the main job. Data on stdout, everything else on stderr; exit codes as everywhere in Tallygate. */
async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), process.env);
  const directory = prepareDirectory(options);
  try {
    const narrator = createNarrator(process.stderr);
    const job = await runMainJob(options, directory.path, process.env, narrator);
    narrator.end();
    if (options.json) process.stdout.write(`${JSON.stringify(job.result)}\n`);
    else process.stdout.write(printResult(job, process.stdout.columns));
    if (!options.once) await untilInterrupted(job.result.consoleUrl);
    await job.close();
    return 0;
  } finally {
    directory.dispose();
  }
}

function untilInterrupted(consoleUrl: string): Promise<void> {
  process.stderr.write(
    `\nThe console runs at ${consoleUrl} · try "npx tallygate report" in another terminal · Ctrl-C ends it\n`,
  );
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const known = TallygateError.isInstance(error);
    const usage = error instanceof TypeError || error instanceof RangeError;
    process.stderr.write(
      `\n${known || usage ? (error as Error).message : `The main job failed: ${String(error)}`}\n`,
    );
    process.exit(known ? error.exitCode : usage ? 2 : 1);
  },
);

import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { TallygateError } from '@tallygate/usage';
import { CONFIGURATION_FILE } from '../configuration/load.ts';
import { resolveConfig } from '../configuration/resolve.ts';
import { STARTER_FILE } from '../configuration/starter-file.ts';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from './context.ts';

/** `tallygate init`: writes a commented tallygate.yaml. Never over one that exists. */
export async function initCommand(context: CliContext, options: GlobalOptions): Promise<CommandOutcome> {
  const { environment, workingDirectory } = context;
  const { configFile } = resolveConfig({
    flags: { configFile: options.config },
    environment,
    workingDirectory,
  });
  const path = configFile ?? resolve(workingDirectory, CONFIGURATION_FILE);
  try {
    writeFileSync(path, STARTER_FILE, { flag: 'wx' });
  } catch (cause) {
    throw notWritten(path, cause as NodeJS.ErrnoException);
  }
  say(context, 'List your teams and budgets in it, then run "tallygate plan".');
  return { exitCode: 0, document: { schema: 'tallygate.init/1', written: path }, text: `${path}\n` };
}

function notWritten(path: string, cause: NodeJS.ErrnoException): TallygateError {
  const exists = cause.code === 'EEXIST';
  return new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: exists
      ? `${path} exists and was left as it is.`
      : `${path} cannot be written (${cause.code ?? 'unknown'}).`,
    cure: exists
      ? 'Edit it, or name another file with --config.'
      : 'Check the directory, or name another file with --config.',
    cause,
  });
}

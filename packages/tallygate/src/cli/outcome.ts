import { TallygateError, toWireJson } from '@tallygate/usage';
import type { CliContext, CommandOutcome } from './context.ts';

/**
 * The last step of every command, and the only place that writes to stdout: with `--json` exactly one JSON document,
 * whatever happened; without it the data on stdout or the error on stderr. No stack trace ever reaches a user.
 *
 * @returns the exit code
 */
export async function finish(
  context: CliContext,
  json: boolean,
  work: () => Promise<CommandOutcome>,
): Promise<number> {
  try {
    const outcome = await work();
    context.stdout.write(json ? documentText(outcome.document) : outcome.text);
    return outcome.exitCode;
  } catch (thrown) {
    const error = toTallygateError(thrown);
    if (json) context.stdout.write(documentText(errorDocument(error)));
    else context.stderr.write(`tallygate: ${oneLine(error.message)}\n`);
    return error.exitCode;
  }
}

/** `message` without the cure, which stands beside it. */
function errorDocument(error: TallygateError): {
  error: { code: string; message: string; cure: string };
} {
  const { code, cure } = error;
  return { error: { code, message: oneLine(problemOf(error)), cure } };
}

export function problemOf(error: TallygateError): string {
  return error.message.endsWith(error.cure)
    ? error.message.slice(0, -error.cure.length).trim()
    : error.message;
}

/** Anything unforeseen becomes an error of ours, with its first line only: the rest is a trace or a value. */
export function toTallygateError(thrown: unknown): TallygateError {
  if (TallygateError.isInstance(thrown)) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const [first = ''] = text.split('\n');
  return new TallygateError('TALLYGATE_COMMAND_FAILED', {
    message: `The command failed unexpectedly: ${first.replace(/\.$/, '').slice(0, 200)}.`,
    cause: thrown,
  });
}

function documentText(document: unknown): string {
  return `${toWireJson(document)}\n`;
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ');
}

/** Failures of the engine as errors of ours, without credentials. */
import { TallygateError } from '@tallygate/usage';

/**
 * What the engine answers when the rows themselves are at fault, so that sending them again cannot help. Anything else (no
 * connection, too many parts, read-only, disk full, unknown table) may pass, and is tried again.
 */
const DATA_FAULTS = new Set([
  'ARGUMENT_OUT_OF_BOUND',
  'CANNOT_PARSE_DATETIME',
  'CANNOT_PARSE_ESCAPE_SEQUENCE',
  'CANNOT_PARSE_INPUT_ASSERTION_FAILED',
  'CANNOT_PARSE_NUMBER',
  'CANNOT_PARSE_QUOTED_STRING',
  'CANNOT_PARSE_TEXT',
  'INCORRECT_DATA',
  'VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE',
  'VIOLATED_CONSTRAINT',
]);

/** What fails a question as well as an insert: but a question will need as much the next time, rows will find room. */
const OUT_OF_MEMORY = 'MEMORY_LIMIT_EXCEEDED';

export function isOutOfMemory(cause: unknown): boolean {
  return textProperty(cause, 'type') === OUT_OF_MEMORY;
}

/** Of a question, whose answer may need more memory than the engine has for it. */
export function questionFailure(cause: unknown): TallygateError {
  if (!isOutOfMemory(cause)) return ledgerFailure(cause);
  return new TallygateError('TALLYGATE_LEDGER_EXHAUSTED', {
    message: `The ledger has too little memory for this question: ${describeFailure(cause)}.`,
    cause,
  });
}

export function ledgerFailure(cause: unknown): TallygateError {
  if (TallygateError.isInstance(cause)) return cause;
  const type = textProperty(cause, 'type');
  if (type !== null && DATA_FAULTS.has(type)) {
    return new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: `The ledger cannot read these rows: ${describeFailure(cause)}.`,
      cause,
    });
  }
  return new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', {
    message: `The ledger did not answer: ${describeFailure(cause)}.`,
    cause,
  });
}

/** One line, and nothing of a URL but its host: `http://user:password@host` must not reach a log. */
export function describeFailure(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = textProperty(cause, 'type') ?? textProperty(cause, 'code');
  const line = withoutCredentials(message).split('\n', 1)[0]?.trim().replace(/\.$/, '').slice(0, 300) ?? '';
  // A refused connection over both address families arrives as an AggregateError without a message.
  if (line === '') return code ?? 'no reason given';
  return code === null || line.includes(code) ? line : `${line} (${code})`;
}

function withoutCredentials(text: string): string {
  return text
    .replace(/\b(\w+:\/\/)[^\s/@]*@/g, '$1')
    .replace(/([?&](?:password|access_token)=)[^\s&]*/g, '$1…');
}

function textProperty(value: unknown, name: string): string | null {
  const found = typeof value === 'object' && value !== null ? Reflect.get(value, name) : null;
  return typeof found === 'string' ? found : null;
}

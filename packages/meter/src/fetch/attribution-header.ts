import { type CallAttribution, TallygateError } from '@tallygate/usage';

/** Says who pays for one call of `tally.fetch`: the fields of `attribution` as a JSON object. Never sent to the provider. */
export const ATTRIBUTION_HEADER = 'x-tallygate-attribution';

const TEXT_FIELDS = new Set(['team', 'feature', 'environment', 'user', 'workflow', 'taskType']);

/**
 * @throws TallygateError `TALLYGATE_REQUEST_INVALID` for anything but known fields: a misspelt one would charge the wrong team.
 * The message names a field, never a value.
 */
export function parseAttributionHeader(text: string): CallAttribution {
  const value = parsed(text);
  for (const [name, field] of Object.entries(value)) {
    const isKnown =
      name === 'tags' ? isTextRecord(field) : TEXT_FIELDS.has(name) && typeof field === 'string';
    if (!isKnown) throw invalid(`has a field "${name}" that is unknown or of the wrong type`);
  }
  return value;
}

function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below, without the parser's message: that quotes the header, which may name a user.
  }
  throw invalid('is not a JSON object');
}

function isTextRecord(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((field) => typeof field === 'string')
  );
}

function invalid(found: string): TallygateError {
  return new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `The header ${ATTRIBUTION_HEADER} ${found}.`,
    cure: 'Send a JSON object such as {"team":"support","feature":"search"}, non-ASCII letters as \\u escapes.',
  });
}

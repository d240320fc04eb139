import { pseudonymOf, withoutAddress } from '@tallygate/meter';

/** Of a person, of a key as somebody named it, of an identity elsewhere ("email_address", "api_key_name", "subject"), "api_key" as files say it. */
const NAMING_FIELD = /(^|_)(name|email|email_address|subject|api_key)$/;
const SECRET = /sk-ant-/;

/**
 * A report that may be kept: whoever it names stands there as a keyed hash, the same as for users of calls. Ids stay, for rows are
 * told apart by them. Without a key the named are numbered within the report: rows stay as many as they were.
 */
export function withoutNames(
  body: Record<string, unknown>,
  pseudonymKey: string | null,
): Record<string, unknown> {
  const hide = pseudonymKey === null ? numbered() : (name: string) => pseudonymOf(pseudonymKey, name);
  return hiddenFields(body, hide);
}

type Hide = (name: string) => string;

function hiddenFields(fields: object, hide: Hide): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([field, value]: [string, unknown]) => [
      field,
      typeof value === 'string' && NAMING_FIELD.test(field) ? hide(value) : hidden(value, hide),
    ]),
  );
}

function hidden(value: unknown, hide: Hide): unknown {
  if (typeof value === 'string') return isPrivate(value) ? hide(value) : value;
  if (Array.isArray(value)) return value.map((item) => hidden(item, hide));
  return typeof value === 'object' && value !== null ? hiddenFields(value, hide) : value;
}

function isPrivate(text: string): boolean {
  return SECRET.test(text) || withoutAddress(text, null) !== text;
}

function numbered(): Hide {
  const numbers = new Map<string, number>();
  return (name) => {
    const number = numbers.get(name) ?? numbers.size + 1;
    numbers.set(name, number);
    return `withheld ${number}`;
  };
}

import type { Backend } from '@tallygate/usage';
import { type Answer, isObject, type ProviderUsage } from './answer.ts';
import { isCount } from './provider-usage.ts';

/**
 * What an answer says that this version does not understand, kept as it came: nothing is lost, and `doctor` counts it. Names,
 * numbers and words of the provider can be in it, never text of the call.
 */

type Leaf = 'count' | 'word' | 'anything';

/** Fields that are read, by name, with what they hold; those of an object, or of each object in a list, below it. */
interface Fields {
  readonly [name: string]: Fields | Leaf;
}

const TOKENS: Fields = {
  input_tokens: 'count',
  output_tokens: 'count',
  cache_creation_input_tokens: 'count',
  cache_read_input_tokens: 'count',
  cache_creation: { ephemeral_5m_input_tokens: 'count', ephemeral_1h_input_tokens: 'count' },
};

const USAGE: Fields = {
  ...TOKENS,
  output_tokens_details: { thinking_tokens: 'count' },
  server_tool_use: { web_search_requests: 'count', web_fetch_requests: 'count' },
  service_tier: 'word',
  speed: 'word',
  inference_geo: 'word',
  iterations: { ...TOKENS, type: 'word', model: 'word' },
  // Tells whether a retry was repriced, which its counts have already been through.
  fallback_credit: { type: 'word', reason: 'word', remove_to_redeem: 'anything' },
};

const KNOWN_VALUES = {
  service_tier: new Set(['standard', 'batch', 'priority']),
  speed: new Set(['standard', 'fast']),
  inference_geo: new Set(['global', 'us', 'not_available']),
  stop_reason: new Set([
    'end_turn',
    'max_tokens',
    'stop_sequence',
    'tool_use',
    'pause_turn',
    'compaction',
    'refusal',
    'model_context_window_exceeded',
  ]),
  'iterations.type': new Set(['message', 'compaction', 'advisor_message', 'fallback_message']),
} as const;

type EnumField = keyof typeof KNOWN_VALUES;

/**
 * Fields by dotted name ("cache_creation.ephemeral_1d_input_tokens"; a list where iterations carry it), and known fields with
 * a value that is new; null when everything was understood.
 */
export function unknownUsage(answer: Answer, backend: Backend): Record<string, unknown> | null {
  const fields = answer.usage === null ? {} : unknownFields(answer.usage, USAGE, '');
  const unknown = { ...fields, ...unknownValues(answer, backend) };
  return Object.keys(unknown).length === 0 ? null : unknown;
}

/** A flag for each value that is new and that pricing has no flag of its own for: "unknown_speed", "unknown_stop_reason", … */
export function unknownValueFlags(answer: Answer, backend: Backend, lineType: string): string[] {
  const { speed, stop_reason: stopReason } = unknownValues(answer, backend);
  return [
    ...(speed === undefined ? [] : ['unknown_speed']),
    ...(stopReason === undefined ? [] : ['unknown_stop_reason']),
    ...(KNOWN_VALUES['iterations.type'].has(lineType) ? [] : ['unknown_line_type']),
  ];
}

function unknownFields(value: ProviderUsage, known: Fields, path: string): Record<string, unknown> {
  const unknown: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    const found = value[name];
    if (found === null) continue;
    const expected = Object.hasOwn(known, name) ? known[name] : undefined;
    if (typeof expected === 'object')
      Object.assign(unknown, unknownWithin(found, expected, `${path}${name}`));
    else if (!isExpected(found, expected)) unknown[`${path}${name}`] = found;
  }
  return unknown;
}

/** A count that is none was read as 0: it is kept like a field that nobody knows. */
function isExpected(found: unknown, expected: Leaf | undefined): boolean {
  if (expected === 'count') return isCount(found);
  return expected === 'anything' || (expected === 'word' && typeof found === 'string');
}

function unknownWithin(found: unknown, fields: Fields, name: string): Record<string, unknown> {
  if (isObject(found)) return unknownFields(found, fields, `${name}.`);
  if (!Array.isArray(found)) return { [name]: found };
  const all: Record<string, unknown[]> = {};
  for (const item of found) {
    const within = isObject(item) ? unknownFields(item, fields, `${name}.`) : { [name]: item };
    for (const [path, value] of Object.entries(within)) all[path] = [...(all[path] ?? []), value];
  }
  return all;
}

/** A partner's cloud names its regions, which are no fixed list. Of several iterations the first value that is new stands. */
function unknownValues(answer: Answer, backend: Backend): Partial<Record<EnumField, string>> {
  const usage = answer.usage ?? {};
  const iterations = Array.isArray(usage['iterations']) ? usage['iterations'].filter(isObject) : [];
  const isPartner = backend === 'bedrock' || backend === 'vertex';
  const unknown: Partial<Record<EnumField, string>> = {};
  const look = (field: EnumField, value: unknown) => {
    const known: ReadonlySet<string> = KNOWN_VALUES[field];
    if (typeof value === 'string' && !known.has(value)) unknown[field] ??= value;
  };
  look('service_tier', usage['service_tier']);
  look('speed', usage['speed']);
  if (!isPartner) look('inference_geo', usage['inference_geo']);
  look('stop_reason', answer.stopReason);
  for (const { type } of iterations) look('iterations.type', type);
  return unknown;
}

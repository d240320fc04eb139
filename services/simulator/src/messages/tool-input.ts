import { isObject, type JsonObject, listOf } from '../json.ts';
import type { Random } from '../random.ts';
import { phrase } from './prose.ts';

/** Deeper than this a schema refers to itself; the rest stays empty. */
const DEEPEST = 6;

/** Arguments that fit a tool's JSON schema: every property is given, so that validating tool runners accept them. */
export function toolInput(schema: unknown, random: Random): JsonObject {
  const value = valueFor(schema, random, 0);
  return isObject(value) ? value : {};
}

function valueFor(schema: unknown, random: Random, depth: number): unknown {
  if (!isObject(schema) || depth > DEEPEST) return {};
  if ('const' in schema) return schema['const'];
  const [firstChoice, ...otherChoices] = listOf(schema['enum']);
  if (firstChoice !== undefined) return random.pick([firstChoice, ...otherChoices]);
  const [alternative] = [...listOf(schema['anyOf']), ...listOf(schema['oneOf'])];
  if (alternative !== undefined) return valueFor(alternative, random, depth + 1);
  switch (typeOf(schema)) {
    case 'string':
      return phrase(random);
    case 'integer':
    case 'number':
      return numberFor(schema, random);
    case 'boolean':
      return random.integer(0, 1) === 1;
    case 'array':
      return schema['items'] === undefined ? [] : [valueFor(schema['items'], random, depth + 1)];
    case 'null':
      return null;
    default:
      return objectFor(schema, random, depth);
  }
}

/** A schema may allow several types; the first one is as good as any. */
function typeOf(schema: JsonObject): unknown {
  const type = schema['type'];
  return Array.isArray(type) ? type[0] : type;
}

function numberFor(schema: JsonObject, random: Random): number {
  const low = typeof schema['minimum'] === 'number' ? schema['minimum'] : 1;
  const high = typeof schema['maximum'] === 'number' ? schema['maximum'] : low + 99;
  return random.integer(Math.ceil(low), Math.floor(high));
}

function objectFor(schema: JsonObject, random: Random, depth: number): JsonObject {
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const members = Object.entries(properties).map(
    ([name, property]) => [name, valueFor(property, random, depth + 1)] as const,
  );
  return Object.fromEntries(members);
}

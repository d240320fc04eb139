import { isDeepStrictEqual } from 'node:util';

/** What differs between two runs without us: where a stack trace leads, and the ports that a broken connection had. */
const NOT_COMPARED = new Set<PropertyKey>(['stack', 'socket']);

/**
 * Where a caller could first tell two values apart, in words; null when nowhere. Stricter than deep equality: prototypes, the
 * names and order of own properties and whether they enumerate count, a property that is undefined is not a missing one, and of
 * responses, headers and errors their inner state counts, too.
 */
export function firstDifference(left: unknown, right: unknown): string | null {
  return differenceAt('it', left, right, new Set());
}

/** @param open the objects that are being compared already: a cycle adds nothing. */
function differenceAt(path: string, left: unknown, right: unknown, open: Set<object>): string | null {
  if (Object.is(left, right)) return null;
  if (!isObject(left) || !isObject(right)) return `${path}: ${inWords(left)} became ${inWords(right)}`;
  if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right))
    return `${path}: a ${classOf(left)} became a ${classOf(right)}`;
  if (typeof left === 'function' || open.has(left)) return null;
  if (ArrayBuffer.isView(left) || left instanceof ArrayBuffer || left instanceof Date)
    return isDeepStrictEqual(left, right) ? null : `${path}: ${inWords(left)} became ${inWords(right)}`;
  if (left instanceof Headers) return differenceAt(path, [...left], [...(right as Headers)], open);
  open.add(left);
  const difference = differenceOfProperties(path, left, right, open);
  open.delete(left);
  return difference;
}

function differenceOfProperties(path: string, left: object, right: object, open: Set<object>): string | null {
  const names = Reflect.ownKeys(left);
  const otherNames = Reflect.ownKeys(right);
  if (!isDeepStrictEqual(names, otherNames))
    return `${path}: properties ${names.map(String)} became ${otherNames.map(String)}`;
  for (const name of names) {
    if (NOT_COMPARED.has(name)) continue;
    const here = `${path}.${String(name)}`;
    if (isEnumerable(left, name) !== isEnumerable(right, name)) return `${here}: enumerates differently`;
    const difference = differenceAt(here, Reflect.get(left, name), Reflect.get(right, name), open);
    if (difference !== null) return difference;
  }
  return null;
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function isEnumerable(holder: object, name: PropertyKey): boolean {
  return Object.prototype.propertyIsEnumerable.call(holder, name);
}

function classOf(value: object): string {
  return String(Object.getPrototypeOf(value)?.constructor?.name ?? 'bare object');
}

function inWords(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > 200 ? `${value.slice(0, 200)}…` : value);
  if (!isObject(value)) return String(value);
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  return classOf(value);
}

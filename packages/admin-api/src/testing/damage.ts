import { fakeProvider } from './fake-provider.ts';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Every place in the pages that can be damaged. */
export function placesIn(value: Json, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries: [string | number, Json][] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  return [
    ...(path.length > 0 ? [path] : []),
    ...entries.flatMap(([name, item]) => placesIn(item, [...path, name])),
  ];
}

export type Damage = 'drop' | 'null' | 'retype' | 'repeat' | 'reverse' | 'truncate';
export const DAMAGES: Damage[] = ['drop', 'null', 'retype', 'repeat', 'reverse', 'truncate'];

export function damage(pages: Json[], path: (string | number)[], kind: Damage): Json[] {
  const copy = structuredClone(pages) as Json[];
  let parent = copy as unknown as Record<string | number, Json>;
  for (const step of path.slice(0, -1)) parent = parent[step] as unknown as Record<string | number, Json>;
  const last = path.at(-1) as string | number;
  const value = parent[last] as Json;
  if (kind === 'drop') {
    if (Array.isArray(parent)) parent.splice(last as number, 1);
    else delete parent[last];
  } else if (kind === 'repeat' && Array.isArray(parent))
    parent.splice(last as number, 0, structuredClone(value));
  else if (kind === 'reverse' && Array.isArray(value)) value.reverse();
  else if (kind === 'truncate' && Array.isArray(value)) value.pop();
  else if (kind === 'retype') parent[last] = retyped(value);
  else parent[last] = null;
  return copy;
}

function retyped(value: Json): Json {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return /^[\d.]+$/.test(value) ? Number(value) : [value];
  return typeof value === 'boolean' ? String(value) : { value };
}

/** A served page is taken by its cursor, so that a damaged cursor leads nowhere. */
export function serve(pages: Json[]) {
  return fakeProvider(({ query }) => {
    const cursor = query.get('page');
    return pages[cursor === null ? 0 : Number(cursor.replace('page_', ''))] ?? {};
  }).adminApi;
}

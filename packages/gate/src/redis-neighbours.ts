import type { Redis } from 'ioredis';
import { parseStateKey, STATE_KEYS } from './keys.ts';

/** An organization's counters in a Redis. Whoever counts under another name, or in another layout of keys, has budgets of its own. */
export interface FoundGate {
  organization: string;
  /** Of its keys. Versions that differ in it do not see each other's counters. */
  layout: string;
  isOurLayout: boolean;
  /** Since anybody asked it; null where the server does not say. */
  idleMs: number | null;
}

/** Keys looked through at most, so that a Redis of millions is not kept busy: a second or two of its time. */
const LOOKED_AT_ONCE = 1_000;
const LOOKS_MAX = 1_000;

/** Those of one server. @returns null where it may not be asked. */
export async function findGates(client: Redis): Promise<FoundGate[] | null> {
  const keys = await stateKeysOf(client).catch(() => null);
  if (keys === null) return null;
  const found = [...keys].map(async (key) => {
    const name = parseStateKey(key);
    return name === null ? [] : [{ ...name, idleMs: await idleMsOf(client, key) }];
  });
  return (await Promise.all(found)).flat();
}

async function stateKeysOf(client: Redis): Promise<Set<string>> {
  const keys = new Set<string>();
  let cursor = '0';
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const [next, page] = await client.scan(cursor, 'MATCH', STATE_KEYS, 'COUNT', LOOKED_AT_ONCE);
    for (const key of page) keys.add(key);
    if (next === '0') break;
    cursor = next;
  }
  return keys;
}

/** Servers that forget by frequency do not count it. */
async function idleMsOf(client: Redis, key: string): Promise<number | null> {
  const idle = await client.object('IDLETIME', key).catch(() => null);
  return typeof idle === 'number' ? idle * 1_000 : null;
}

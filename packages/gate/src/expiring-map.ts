/**
 * A map whose entries are forgotten some time after `keepUntilMs`. Entries stand in groups by that time, so that forgetting
 * costs as much as there is to forget, not as much as there is to keep.
 */
export interface ExpiringMap<Value> {
  get(key: string): Value | undefined;
  /** Sets the value; the entry is kept until the later of this time and the one it had. */
  put(key: string, value: Value, keepUntilMs: number): void;
  delete(key: string): void;
  forgetBefore(nowMs: number): void;
  readonly size: number;
}

interface Entry<Value> {
  value: Value;
  group: number;
}

export function createExpiringMap<Value>(groupMs: number): ExpiringMap<Value> {
  const entries = new Map<string, Entry<Value>>();
  const groups = new Map<number, Set<string>>();

  const add = (key: string, entry: Entry<Value>): void => {
    entries.set(key, entry);
    const keys = groups.get(entry.group) ?? new Set();
    groups.set(entry.group, keys.add(key));
  };
  const remove = (key: string): void => {
    const entry = entries.get(key);
    entries.delete(key);
    if (entry !== undefined) groups.get(entry.group)?.delete(key);
  };

  return {
    get: (key) => entries.get(key)?.value,
    put: (key, value, keepUntilMs) => {
      const group = Math.ceil(keepUntilMs / groupMs);
      const entry = entries.get(key);
      if (entry !== undefined && group <= entry.group) {
        entry.value = value;
        return;
      }
      remove(key);
      add(key, { value, group });
    },
    delete: remove,
    forgetBefore: (nowMs) => {
      for (const [group, keys] of groups) {
        if (group * groupMs > nowMs) continue;
        for (const key of keys) entries.delete(key);
        groups.delete(group);
      }
    },
    get size() {
      return entries.size;
    },
  };
}

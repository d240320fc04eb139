/**
 * A map whose entries are forgotten some time after `keepUntilMs`. Entries stand in groups by that time, so that forgetting
 * costs as much as there is to forget, not as much as there is to keep.
 */
export interface ExpiringMap<Value> {
  get(key: string): Value | undefined;
  /** Sets the value; the entry is kept until the later of this time and the one it had. */
  put(key: string, value: Value, keepUntilMs: number): void;
  forgetBefore(nowMs: number): void;
  readonly size: number;
}

export function createExpiringMap<Value>(groupMs: number): ExpiringMap<Value> {
  const entries = new Map<string, { value: Value; group: number }>();
  const groups = new Map<number, Set<string>>();

  const move = (key: string, from: number | undefined, to: number): void => {
    if (from === to) return;
    if (from !== undefined) groups.get(from)?.delete(key);
    const group = groups.get(to) ?? new Set();
    groups.set(to, group.add(key));
  };

  return {
    get: (key) => entries.get(key)?.value,
    put: (key, value, keepUntilMs) => {
      const had = entries.get(key)?.group;
      const group = Math.max(Math.ceil(keepUntilMs / groupMs), had ?? Number.NEGATIVE_INFINITY);
      move(key, had, group);
      entries.set(key, { value, group });
    },
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

type Name = string | number | null | undefined;

/**
 * Values by several names each. A map for every place, because one text of all names would have to be put together and hashed
 * for each look-up, which is most of what an admission may cost.
 */
export interface NameTree<Value> {
  get(names: readonly Name[]): Value | undefined;
  set(names: readonly Name[], value: Value): void;
  size(): number;
  clear(): void;
}

interface Branch<Value> {
  readonly further: Map<Name, Branch<Value>>;
  value: Value | undefined;
}

export function createNameTree<Value>(): NameTree<Value> {
  const root: Branch<Value> = { further: new Map(), value: undefined };
  let size = 0;
  return {
    get(names) {
      let branch: Branch<Value> | undefined = root;
      for (let place = 0; place < names.length && branch !== undefined; place += 1)
        branch = branch.further.get(names[place]);
      return branch?.value;
    },
    set(names, value) {
      let branch = root;
      for (const name of names) {
        const next: Branch<Value> = branch.further.get(name) ?? { further: new Map(), value: undefined };
        branch.further.set(name, next);
        branch = next;
      }
      if (branch.value === undefined) size += 1;
      branch.value = value;
    },
    size: () => size,
    clear() {
      root.further.clear();
      size = 0;
    },
  };
}

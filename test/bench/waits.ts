/** Divides the time of a run among those it waits for, one at a time; what nobody is waited for is the run's own. */
export interface Waits<Name extends string> {
  /** The same object, whose methods count as waiting for this one; a wait within a wait is of the inner one. */
  around<Target extends object>(name: Name, target: Target): Target;
  /** Milliseconds so far. */
  ownMs(): number;
  waitedMs(name: Name): number;
}

export function createWaits<Name extends string>(): Waits<Name> {
  const sums = new Map<Name | null, number>();
  const open: Name[] = [];
  let sinceMs = performance.now();
  const settle = () => {
    const nowMs = performance.now();
    const of = open.at(-1) ?? null;
    sums.set(of, (sums.get(of) ?? 0) + nowMs - sinceMs);
    sinceMs = nowMs;
  };
  async function waitedFor<Result>(name: Name, work: () => Promise<Result>): Promise<Result> {
    settle();
    open.push(name);
    try {
      return await work();
    } finally {
      settle();
      open.pop();
    }
  }
  return {
    around: (name, target) =>
      new Proxy(target, {
        get(of, property) {
          const value: unknown = Reflect.get(of, property);
          if (typeof value !== 'function') return value;
          return (...given: unknown[]) => waitedFor(name, async () => value.apply(of, given));
        },
      }),
    ownMs() {
      settle();
      return sums.get(null) ?? 0;
    },
    waitedMs: (name) => sums.get(name) ?? 0,
  };
}

/** Time of the clock on the wall, and of the processors: the two part where other work takes those. */
export interface Spent {
  wallMs: number;
  cpuMs: number;
}

/** Divides the time of a run among those it waits for, one at a time; what nobody is waited for is the run's own. */
export interface Waits<Name extends string> {
  /** The same object, whose methods count as waiting for this one; a wait within a wait is of the inner one. */
  around<Target extends object>(name: Name, target: Target): Target;
  /** So far; null: by the run itself. */
  spent(name: Name | null): Spent;
}

/** @param aside what counts as nobody's, in ms so far. */
export function createWaits<Name extends string>(aside: () => number): Waits<Name> {
  const sums = new Map<Name | null, Spent>();
  const open: Name[] = [];
  let since = now(aside);
  const settle = () => {
    const [before, name] = [since, open.at(-1) ?? null];
    since = now(aside);
    const { wallMs, cpuMs } = sums.get(name) ?? { wallMs: 0, cpuMs: 0 };
    sums.set(name, {
      wallMs: wallMs + since.wallMs - before.wallMs,
      cpuMs: cpuMs + since.cpuMs - before.cpuMs,
    });
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
    spent(name) {
      settle();
      return sums.get(name) ?? { wallMs: 0, cpuMs: 0 };
    },
  };
}

/** Of the whole process: garbage is collected on threads of its own. */
function now(aside: () => number): Spent {
  const asideMs = aside();
  const { user, system } = process.cpuUsage();
  return { wallMs: performance.now(), cpuMs: (user + system) / 1_000 - asideMs };
}

/** Work under way, counted: a set of promises would cost every call what only a closing process asks. */
export interface Crowd {
  /** Runs the work. What it returns or throws is passed on. */
  during<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Resolves when all that is under way now has ended, well or not; what begins meanwhile is not waited for. */
  gone(): Promise<void>;
  /** Resolves when nothing is under way any more; waits also for what begins meanwhile. */
  empty(): Promise<void>;
}

export function createCrowd(): Crowd {
  let here = newGroup();
  /** Those whom somebody waits for already. */
  let leaving = Promise.resolve();

  function gone(): Promise<void> {
    const group = here;
    if (group.count === 0) return leaving;
    here = newGroup();
    const left = new Promise<void>((resolve) => {
      group.onLeft = resolve;
    });
    leaving = Promise.all([leaving, left]).then(() => {});
    return leaving;
  }

  return {
    async during(work) {
      const group = here;
      group.count += 1;
      try {
        return await work();
      } finally {
        group.count -= 1;
        if (group.count === 0) group.onLeft();
      }
    },
    gone,
    async empty() {
      do await gone();
      while (here.count > 0);
    },
  };
}

function newGroup() {
  return { count: 0, onLeft: () => {} };
}

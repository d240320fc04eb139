import { existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';

const TASKS = '/proc/self/task';
/** What Node.js and V8 call every thread of their own. */
const OWN = 'node';

/**
 * What the processors spent on the engine's threads so far, in ms. They merge parts in the background for as long as the process
 * lives, whoever is waited for. Only Linux says what a thread took; elsewhere it is 0, and all of it counts as the run's.
 */
export function engineThreads(): () => number {
  const files = new Map<string, number | null>();
  const spentMs = new Map<string, number>();
  const text = Buffer.alloc(64);
  const read = (thread: string, file: number) => {
    // Nanoseconds, and two more figures. A thread that ended since says nothing more.
    const length = readSync(file, text, 0, text.length, 0);
    spentMs.set(thread, Number.parseInt(text.toString('latin1', 0, length), 10) / 1e6);
  };
  return () => {
    for (const thread of existsSync(TASKS) ? readdirSync(TASKS) : []) {
      if (!files.has(thread))
        files.set(
          thread,
          orGone(() => openIfEngines(thread)),
        );
      const file = files.get(thread);
      if (file != null) orGone(() => read(thread, file));
    }
    return [...spentMs.values()].reduce((sum, ms) => sum + ms, 0);
  };
}

function openIfEngines(thread: string): number | null {
  const isOwn = readFileSync(`${TASKS}/${thread}/comm`, 'utf8').trim() === OWN;
  return isOwn ? null : openSync(`${TASKS}/${thread}/schedstat`, 'r');
}

/** Threads end between the listing and the reading. */
function orGone<Found>(look: () => Found): Found | null {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
}

/**
 * After a loss counters are filled from what the ledger had by then. What a dead process left in its spool, or a slow one had not
 * shipped, arrives later; so the ledger is asked again after one second, two, four and so on, until everything has had its time.
 */
export interface Recounts {
  /** From the first again. */
  begin(): void;
  stop(): void;
}

const FIRST_MS = 1_000;
/** Spools of dead processes are taken over within minutes. */
const LAST_MS = 256_000;

/** @param recount never rejects. Keeps no process alive. */
export function createRecounts(recount: () => Promise<void>): Recounts {
  let timer: NodeJS.Timeout | null = null;
  const stop = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  };
  const recountAfter = (delayMs: number): void => {
    timer = setTimeout(() => {
      void recount();
      if (delayMs < LAST_MS) recountAfter(delayMs * 2);
    }, delayMs).unref();
  };
  return {
    begin() {
      stop();
      recountAfter(FIRST_MS);
    },
    stop,
  };
}

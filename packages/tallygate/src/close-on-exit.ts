/**
 * Drains before the process ends: on SIGTERM, and when nothing is left to do. Where nobody else handles SIGTERM everything is
 * closed and the signal raised again, so that its effect stays. An application that handles it itself still has calls under way
 * and decides when to exit: there it only drains, and what comes later is safe on disk whatever way the process ends. What is under
 * way at `process.exit` or at an error that nobody caught is recorded as far as it was seen.
 */
export interface Leaving {
  /** Takes a bounded time, whoever does not answer: whoever sent SIGTERM kills soon. */
  close(): Promise<void>;
  /** Records what is still under way, at once: the process exits without another turn. */
  leave(): void;
  /** Sends what is recorded so far; more may follow. */
  flush(): Promise<unknown>;
}

const leavings = new Set<Leaving>();

/** Registers what to close. Returns how to forget it again, for what was closed by its owner. */
export function closeOnExit(leaving: Leaving): () => void {
  if (leavings.size === 0) {
    // First in line: an application's `once` listener has removed itself by the time that a later one could count it.
    process.prependListener('SIGTERM', onSigterm);
    process.on('beforeExit', onBeforeExit);
    process.on('exit', onExit);
  }
  leavings.add(leaving);
  return () => {
    leavings.delete(leaving);
    if (leavings.size > 0) return;
    process.off('SIGTERM', onSigterm);
    process.off('beforeExit', onBeforeExit);
    process.off('exit', onExit);
  };
}

async function closeAll(): Promise<void> {
  await Promise.allSettled([...leavings].map(({ close }) => close()));
}

function onSigterm(): void {
  if (process.listenerCount('SIGTERM') > 1) {
    void Promise.allSettled([...leavings].map(({ flush }) => flush()));
    return;
  }
  void closeAll().then(() => {
    process.off('SIGTERM', onSigterm);
    if (process.listenerCount('SIGTERM') === 0) process.kill(process.pid, 'SIGTERM');
  });
}

function onBeforeExit(): void {
  void closeAll();
}

function onExit(): void {
  for (const { leave } of leavings) leave();
}

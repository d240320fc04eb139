/** Waits, or less when the signal aborts. Zero still yields to the event loop, so that a disconnect can be noticed. */
export function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  if (delayMs === 0) return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, delayMs);
    signal.addEventListener('abort', finish, { once: true });
  });
}

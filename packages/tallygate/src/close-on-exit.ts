/**
 * Drains before the process ends: on SIGTERM, and when nothing is left to do. An application that handles SIGTERM itself
 * decides when to exit; where nobody else does, the signal is raised again after the drain, so that its effect stays.
 */
const closers = new Set<() => Promise<void>>();

/** Registers what to close. Returns how to forget it again, for what was closed by its owner. */
export function closeOnExit(close: () => Promise<void>): () => void {
  if (closers.size === 0) {
    process.on('SIGTERM', onSigterm);
    process.on('beforeExit', onBeforeExit);
  }
  closers.add(close);
  return () => {
    closers.delete(close);
    if (closers.size > 0) return;
    process.off('SIGTERM', onSigterm);
    process.off('beforeExit', onBeforeExit);
  };
}

async function closeAll(): Promise<void> {
  await Promise.allSettled([...closers].map((close) => close()));
}

function onSigterm(): void {
  void closeAll().then(() => {
    process.off('SIGTERM', onSigterm);
    if (process.listenerCount('SIGTERM') === 0) process.kill(process.pid, 'SIGTERM');
  });
}

function onBeforeExit(): void {
  void closeAll();
}

import { getMaxListeners, setMaxListeners } from 'node:events';

/** Somebody else's signal, listened to for as long as it can matter. */
export interface FollowedAbort {
  /** From here on an abort means something else. */
  redirect(onAbort: (reason: unknown) => void): void;
  release(): void;
}

export function followAbort(signal: AbortSignal | null, onAbort: (reason: unknown) => void): FollowedAbort {
  let told = onAbort;
  const listener = () => told(signal?.reason);
  if (signal?.aborted) onAbort(signal.reason);
  if (signal !== null) listen(signal, listener);
  return {
    redirect(other) {
      told = other;
    },
    release: () => signal?.removeEventListener('abort', listener),
  };
}

/** As many calls at once may share a signal as `fetch` allows, before anybody is warned of a leak. */
const LISTENERS_MAX = 1_500;

function listen(signal: AbortSignal, listener: () => void): void {
  if (signal instanceof EventTarget && getMaxListeners(signal) < LISTENERS_MAX)
    setMaxListeners(LISTENERS_MAX, signal);
  signal.addEventListener('abort', listener, { once: true });
}

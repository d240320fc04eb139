import { getMaxListeners, setMaxListeners } from 'node:events';

/** Somebody else's signal, listened to for as long as it can matter. */
export interface FollowedAbort {
  /** From here on an abort means something else. */
  redirect(onAbort: (reason: unknown) => void): void;
  release(): void;
  /** As `release`, once nobody can use that object any more: whoever still reads a body can be told to stop. */
  releaseWith(used: object): void;
}

export function followAbort(signal: AbortSignal | null, onAbort: (reason: unknown) => void): FollowedAbort {
  let told = onAbort;
  const release = () => signal?.removeEventListener('abort', listener);
  const listener = () => told(signal?.reason);
  if (signal?.aborted) onAbort(signal.reason);
  if (signal !== null) listen(signal, listener);
  return {
    redirect(other) {
      told = other;
    },
    release,
    releaseWith: (used) => collected.register(used, release),
  };
}

/** A signal can outlive its calls by far: nothing of them may stay with it. */
const collected = new FinalizationRegistry<() => void>((release) => release());

/** As many calls at once may share a signal as `fetch` allows, before anybody is warned of a leak. */
const LISTENERS_MAX = 1_500;

function listen(signal: AbortSignal, listener: () => void): void {
  if (signal instanceof EventTarget && getMaxListeners(signal) < LISTENERS_MAX)
    setMaxListeners(LISTENERS_MAX, signal);
  signal.addEventListener('abort', listener, { once: true });
}

import { AsyncLocalStorage } from 'node:async_hooks';

interface Coverage {
  /** False once the response is there: what the scope started and left running is not covered by it. */
  isOpen: boolean;
}

const scope = new AsyncLocalStorage<Coverage>();

/** Following asynchronous scopes costs every promise of a process a little, so it begins with the first metered `fetch`. */
let isFollowed = false;

export function followSends(): void {
  isFollowed = true;
}

/** Sends for an attempt that is metered already: a metered `fetch` underneath passes it on, instead of charging it twice. */
export function sendCovered(send: () => Promise<Response>): Promise<Response> {
  return isFollowed ? sendInScope(send) : send();
}

async function sendInScope(send: () => Promise<Response>): Promise<Response> {
  const coverage: Coverage = { isOpen: true };
  try {
    return await scope.run(coverage, send);
  } finally {
    coverage.isOpen = false;
  }
}

export function isCovered(): boolean {
  return scope.getStore()?.isOpen === true;
}

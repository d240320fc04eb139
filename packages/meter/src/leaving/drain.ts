import type { WatchedReads } from '../watching/watch-reads.ts';

/** How much of a response is read behind a caller who left, counted from that instant. */
export interface DrainBounds {
  durationMs: number;
  bytes: number;
}

export interface DrainParts {
  onDraining(): void;
  /** The source ended, failed or was cut: called once. */
  onOver(): void;
  /** Ends the connection, where cancelling the body alone would not. */
  abort(): void;
}

export interface Drain {
  /** The caller left: reads on. After the first time, and when the source is over, it does nothing. */
  leave(): void;
  /** Ends reading on; who leaves later is cut. */
  close(): void;
}

/**
 * Reads a source on to its end once its caller left; what the bounds do not allow is cut.
 *
 * The timer keeps no process alive, the connection does: so an application that has nothing else to do waits for the final usage,
 * and no longer than `durationMs`.
 */
export function createDrain(reads: WatchedReads, bounds: DrainBounds, parts: DrainParts): Drain {
  let timer: NodeJS.Timeout | undefined;
  let hasLeft = false;
  let isClosed = false;
  let isOver = false;

  function over(): void {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    parts.onOver();
  }
  reads.onOver = over;

  function cut(): void {
    if (isOver) return;
    over();
    reads.cancel().catch(() => {});
    parts.abort();
  }

  /** What arrives is seen where it is read; so is an error, which nobody else is left to hear. */
  async function readOn(): Promise<void> {
    for (let bytes = 0; !isOver; ) {
      const { done, value } = await reads.read();
      if (done) return;
      bytes += value.byteLength;
      if (bytes > bounds.bytes) cut();
    }
  }

  return {
    leave() {
      if (isOver || hasLeft) return;
      hasLeft = true;
      if (isClosed) return cut();
      parts.onDraining();
      timer = setTimeout(cut, bounds.durationMs).unref();
      readOn().catch(() => {});
    },
    close() {
      isClosed = true;
      if (hasLeft) cut();
    },
  };
}

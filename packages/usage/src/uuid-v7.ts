import { randomUUID } from 'node:crypto';

/** What the counter holds. A process that makes more ids in one millisecond borrows from the next. */
const IDS_PER_MS = 0x1000;

/**
 * Makes UUIDv7 as RFC 9562 lays them out (§6.2, method 1): the time, a counter within the millisecond, 62 random bits. Each
 * sorts after all that this sequence made before, also when the clock stands still or steps back.
 */
export function createUuidV7Sequence(nowMs: () => number): () => string {
  let lastMs = 0;
  let count = 0;
  let time = timeText(0);
  return () => {
    const atMs = nowMs();
    count += 1;
    if (atMs > lastMs || count === IDS_PER_MS) {
      lastMs = Math.max(atMs, lastMs + 1);
      time = timeText(lastMs);
      count = 0;
    }
    const counter = count.toString(16).padStart(3, '0');
    // The platform keeps a pool of random bytes for these; drawing them one id at a time would cost a system call each.
    const random = randomUUID().slice('xxxxxxxx-xxxx-4xxx-'.length);
    return `${time}-7${counter}-${random}`;
  };
}

function timeText(atMs: number): string {
  const hex = atMs.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}

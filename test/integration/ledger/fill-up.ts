import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';

const PAGE = Buffer.alloc(4_096);

/** Takes all the room that a disk has, but for that many pages. */
export function fillUp(path: string, pagesLeft = 0): void {
  const descriptor = openSync(path, 'w');
  let bytes = 0;
  try {
    for (;;) bytes += writeSync(descriptor, PAGE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    ftruncateSync(descriptor, bytes - pagesLeft * PAGE.length);
  } finally {
    closeSync(descriptor);
  }
}

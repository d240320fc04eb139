import { closeSync, openSync, rmSync, writeSync } from 'node:fs';

/** To the last byte, while `work` goes on: records wait in memory, adoptions fail half-way. */
export async function whileDiskIsFull(ballast: string, work: () => Promise<unknown>): Promise<void> {
  const descriptor = openSync(ballast, 'w');
  try {
    for (const block of [Buffer.alloc(65_536), Buffer.alloc(512)]) fillWith(descriptor, block);
    await work();
  } finally {
    closeSync(descriptor);
    rmSync(ballast);
  }
}

function fillWith(descriptor: number, block: Buffer): void {
  try {
    for (;;) writeSync(descriptor, block);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

/**
 * Names and states of segment files. The name is the only cursor: `000007.open` is written to, `.ready` is sealed and waits,
 * `.done` is in the store and stays a while for safety. `.refused` was written by a version that did not divide what the store
 * refuses; whoever adopts it sends it again.
 */
import { open, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';

export type SegmentState = 'open' | 'ready' | 'done' | 'refused';

export interface SegmentFile {
  number: number;
  state: SegmentState;
}

const NAME = /^(\d{6,})\.(open|ready|done|refused)$/;

export function segmentPath(directory: string, number: number, state: SegmentState): string {
  return join(directory, `${String(number).padStart(6, '0')}.${state}`);
}

/** The same for the same segment whenever and by whomever it is sent; never the same for two. */
export function segmentToken(spoolId: string, number: number): string {
  return `${spoolId}/${String(number).padStart(6, '0')}`;
}

/** Oldest first. */
export async function listSegments(directory: string): Promise<SegmentFile[]> {
  const found: SegmentFile[] = [];
  for (const name of await readdir(directory)) {
    const [, digits, state] = NAME.exec(name) ?? [];
    if (digits !== undefined) found.push({ number: Number(digits), state: state as SegmentState });
  }
  return found.sort((a, b) => a.number - b.number);
}

export async function moveSegment(
  directory: string,
  number: number,
  from: SegmentState,
  to: SegmentState,
): Promise<void> {
  await rename(segmentPath(directory, number, from), segmentPath(directory, number, to));
}

/** Makes renames survive a power loss. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'code') === 'ENOENT';
}

import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';

/** A small file, whole and on the disk, or as it was before. @throws errors of the file system. */
export function writeWhole(path: string, text: string): void {
  const draft = `${path}.new`;
  const descriptor = openSync(draft, 'w', 0o600);
  try {
    // Not writeSync: a disk that fills up takes a part, and says so to nobody who does not count.
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(draft, path);
}

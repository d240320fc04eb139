import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Whatever a test or a program that it starts leaves in the folder for temporary files is gone when the run is over. To be called
 * before any worker starts: they inherit the environment. Named briefly: a socket's path may be no longer than 104 bytes.
 */
export function cleanUpTemporaryFiles(): void {
  const folder = mkdtempSync(join(tmpdir(), 'tg-'));
  process.env['TMPDIR'] = folder;
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
}

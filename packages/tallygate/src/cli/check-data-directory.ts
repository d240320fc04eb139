import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { type Check, fail, ok, warn } from './check.ts';

const LOST_IN_MEMORY =
  'Name a directory that can be written, or let functions await flush(): what was not sent dies with the process.';

/**
 * May this process keep its spool and token there, and nobody else read them? A directory that is not there yet is fine: the
 * first process that records makes it, readable by its owner only.
 *
 * @param isNeeded false: gate and ledger are elsewhere, and memory will do.
 */
export function checkDataDirectory(path: string, userId: number | null, isNeeded = true): Check {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return ok('data directory', `${path} (made at the first use)`);
  if (!isNeeded && !(stats.isDirectory() && mayWrite(path)))
    return warn('data directory', `${path} cannot be written: usage is kept in memory`, LOST_IN_MEMORY);
  return problemOfDirectory(path, stats, userId) ?? ok('data directory', path);
}

function problemOfDirectory(path: string, stats: Stats, userId: number | null): Check | null {
  const name = 'data directory';
  if (!stats.isDirectory())
    return fail(name, `${path} is not a directory`, 'Name another with --data or TALLYGATE_DATA.');
  if (!mayWrite(path))
    return fail(name, `${path} cannot be written`, 'Give this user the right to write, or name another.');
  if (userId !== null && stats.uid !== userId)
    return warn(
      name,
      `${path} belongs to user ${stats.uid}, this is user ${userId}`,
      `Run as its owner: files of two users lock each other out.`,
    );
  if ((stats.mode & 0o077) !== 0)
    return warn(
      name,
      `${path} is open to others (mode ${(stats.mode & 0o777).toString(8)})`,
      `Close it with "chmod 700 ${path}".`,
    );
  return null;
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A process's own directory in the spool: made with its owner inside, so that nobody ever sees it without one. */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, TallygateError } from '@tallygate/usage';
import { hostLabel, writeOwner } from './owner.ts';
import { spoolFailure } from './spool-failure.ts';

export interface SpoolHome {
  /** First half of every token of this directory. Never used twice, whatever the caller names the owner. */
  spoolId: string;
  directory: string;
}

/** @throws TallygateError `TALLYGATE_SPOOL_FAILED`, `TALLYGATE_CONFIGURATION_INVALID` */
export function createHome(root: string, ownerId: string | undefined, clock: Clock): SpoolHome {
  const owner = ownerId ?? `${hostLabel()}-${process.pid}`;
  if (!/^[A-Za-z0-9-]{1,80}$/.test(owner)) {
    throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
      message: `"${owner}" cannot name a spool: letters, digits and dashes only, at most 80.`,
    });
  }
  // A restart under the same name must not repeat a token: its rows would be taken for those of the first life.
  const spoolId = `${owner}-${randomBytes(8).toString('hex')}`;
  const directory = join(root, spoolId);
  const unborn = join(root, `.new-${spoolId}`);
  try {
    mkdirSync(unborn, { recursive: true, mode: 0o700 });
    moveIn(unborn, directory, clock);
    syncNames(root);
  } catch (cause) {
    throw spoolFailure(`The spool directory ${root} cannot be used`, cause);
  }
  return { spoolId, directory };
}

function moveIn(unborn: string, directory: string, clock: Clock): void {
  try {
    writeOwner(unborn, clock);
    renameSync(unborn, directory);
  } catch (error) {
    // A full disk is met at every try: each would leave a directory that nobody ever looks at.
    rmSync(unborn, { recursive: true, force: true });
    throw error;
  }
}

/** A directory whose name is not on disk takes its synced files with it when the power goes. */
function syncNames(root: string): void {
  const descriptor = openSync(root, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

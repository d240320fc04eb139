import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** How a process is given a wall clock of its own. Its monotonic clock stays the machine's, as it does when a clock is set wrongly. */
export interface WallClocks {
  /** What tells the time, for the report of a run. */
  readonly by: string;
  /** For a process whose clock is so far off: its environment, and what it must add to its own clock. */
  offBy(ms: number): { environment: Record<string, string>; injectedMs: number };
}

/** Debian's faketime, where it is installed and works here; else an offset that the process adds to what its clock says. */
export function wallClocks(): WallClocks {
  // Debian keeps libraries in a folder per architecture.
  const folders = existsSync('/usr/lib') ? readdirSync('/usr/lib') : [];
  const library = folders
    .map((folder) => join('/usr/lib', folder, 'faketime', 'libfaketime.so.1'))
    .find((file) => existsSync(file));
  const fakedBy = (ms: number) => ({
    LD_PRELOAD: library ?? '',
    FAKETIME: `${ms < 0 ? '-' : '+'}${Math.abs(ms) / 1_000}`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  });
  if (library === undefined || !isBelieved(fakedBy(HOUR_MS)))
    return { by: 'an injected offset, because faketime is not here', offBy: injected };
  return {
    by: 'faketime',
    offBy: (ms) => ({ environment: ms === 0 ? {} : fakedBy(ms), injectedMs: 0 }),
  };
}

const HOUR_MS = 3_600_000;

function injected(ms: number) {
  return { environment: {}, injectedMs: ms };
}

function isBelieved(environment: Record<string, string>): boolean {
  const asked = ['-e', 'process.stdout.write(String(Date.now()))'];
  const { stdout } = spawnSync(process.execPath, asked, {
    env: { ...process.env, ...environment },
    encoding: 'utf8',
  });
  return Math.abs(Number(stdout) - Date.now() - HOUR_MS) < HOUR_MS / 2;
}

import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';

/**
 * Names a process so that another one can tell later whether it still runs. A pid alone cannot: pids are used again, by the
 * same host after a restart and by every container at once (where the first process is always 1).
 */
export const processIdentitySchema = z.object({
  pid: z.number().int().min(1),
  /** When the process started, in whatever form the system tells; null where it does not. */
  startedAt: z.string().nullable(),
  host: z.string(),
  /** Changes with every start of the machine. */
  bootId: z.string().nullable(),
  /** Two processes see the same pids only within one of these. */
  pidNamespace: z.string().nullable(),
});
export type ProcessIdentity = z.output<typeof processIdentitySchema>;

/**
 * dead: certain. alive: certain, or the safe assumption. hidden: of another container on this machine, so pids say nothing.
 * elsewhere: of another machine; nothing can be known from here.
 */
export type Liveness = 'alive' | 'dead' | 'hidden' | 'elsewhere';

export function thisProcess(): ProcessIdentity {
  return {
    pid: process.pid,
    startedAt: startOf(process.pid),
    host: hostname(),
    bootId: attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidNamespace: attempt(() => readlinkSync('/proc/self/ns/pid')),
  };
}

/** Every doubt is answered "alive": a directory that waits for a person is better than two gates with the same money. */
export function livenessOf(other: ProcessIdentity, self: ProcessIdentity): Liveness {
  if (other.bootId !== self.bootId) return other.host === self.host ? 'dead' : 'elsewhere';
  if (other.bootId === null && other.host !== self.host) return 'elsewhere';
  if (other.pidNamespace !== self.pidNamespace) return 'hidden';
  if (!exists(other.pid)) return 'dead';
  const startedAt = startOf(other.pid);
  return startedAt === null || other.startedAt === null || startedAt === other.startedAt ? 'alive' : 'dead';
}

/** Also true for a process that we may not signal, and for one that `hidepid` hides from /proc. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Killed, but not yet collected by its parent: where nothing collects, it keeps its pid for ever. */
function isZombie(pid: number): boolean {
  const state = statFields(pid)?.[0];
  return state === 'Z' || state === 'X';
}

function startOf(pid: number): string | null {
  if (process.platform === 'linux') return statFields(pid)?.[19] ?? null;
  return attempt(() => {
    const answer = execFileSync('/bin/ps', ['-o', 'lstart=', '-p', String(pid)], { env: { LC_ALL: 'C' } });
    return answer.toString('utf8').trim() || null;
  });
}

/** From the third field on; the second is the command's name, which may hold blanks and brackets of its own. */
function statFields(pid: number): string[] | null {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function attempt<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch {
    return null;
  }
}

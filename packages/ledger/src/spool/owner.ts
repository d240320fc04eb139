/**
 * Who owns a directory of the spool, and whether that process still lives. On the same kernel the process table decides;
 * across machines and containers only silence does: the owner touches its file, and five minutes without a touch is death.
 */
import { readFileSync, readlinkSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@tallygate/usage';
import { z } from 'zod';
import { processExists, processStartOf, readOrNull } from '../process-table.ts';

export const OWNER_FILE = 'owner.json';
export const HEARTBEAT_MS = 30_000;
const SILENT_MAX_MS = 300_000;

const ownerSchema = z.object({
  host: z.string(),
  pid: z.number().int(),
  /** When the process started, in ticks since boot: tells it from a later one with the same id. null where nobody tells. */
  processStart: z.string().nullable(),
  /** Boot and process namespace: within one pair, process ids mean the same thing. */
  bootId: z.string().nullable(),
  pidNamespace: z.string().nullable(),
});

export type SpoolOwner = z.output<typeof ownerSchema> & { lastSeenAtMs: number };
export type OwnerIsAlive = (owner: SpoolOwner, nowMs: number) => boolean;

export function writeOwner(directory: string, clock: Clock): void {
  const file = join(directory, OWNER_FILE);
  writeFileSync(file, `${JSON.stringify(thisProcess())}\n`);
  touchOwner(directory, clock);
}

/** @throws ENOENT when the directory has been adopted by somebody else. */
export function touchOwner(directory: string, clock: Clock): void {
  const seconds = clock.nowMs() / 1000;
  utimesSync(join(directory, OWNER_FILE), seconds, seconds);
}

/** @returns null when there is no owner, or none that can be read: then nobody claims the directory. */
export function readOwner(directory: string): SpoolOwner | null {
  const file = join(directory, OWNER_FILE);
  try {
    const owner = ownerSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    return { ...owner, lastSeenAtMs: statSync(file).mtimeMs };
  } catch {
    return null;
  }
}

export const ownerIsAlive: OwnerIsAlive = (owner, nowMs) => {
  const here = thisProcess();
  const sameProcessTable =
    owner.host === here.host && owner.bootId === here.bootId && owner.pidNamespace === here.pidNamespace;
  if (!sameProcessTable) return nowMs - owner.lastSeenAtMs < SILENT_MAX_MS;
  return processExists(owner.pid) && processStartOf(owner.pid) === owner.processStart;
};

/** The machine's name as a part of file names and tokens. */
export function hostLabel(): string {
  return (
    hostname()
      .replace(/[^A-Za-z0-9]+/g, '-')
      .slice(0, 40) || 'host'
  );
}

function thisProcess(): z.output<typeof ownerSchema> {
  return {
    host: hostname(),
    pid: process.pid,
    processStart: processStartOf(process.pid),
    bootId: readOrNull(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidNamespace: readOrNull(() => readlinkSync('/proc/self/ns/pid')),
  };
}

/** What lies in the spools of a data directory, read from the files alone: no process is asked, nothing is changed. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@tallygate/usage';
import { z } from 'zod';
import { readDeadLetters } from './dead-letters.ts';
import { bytesUnder } from './disk-bound.ts';
import { DROPPED } from './held-facts.ts';
import { readIntents } from './intents.ts';
import { ownerIsAlive, readOwner } from './owner.ts';
import { QUARANTINE } from './repair.ts';
import { isMissing, listSegments, type SegmentState, segmentPath } from './segment-file.ts';
import { spoolNames } from './spool-names.ts';

export interface SpoolDirectoryStatus {
  name: string;
  /** Null: nobody has it, so whoever drains next takes it over. */
  owner: { host: string; pid: number; alive: boolean } | null;
  segments: Record<SegmentState, number>;
  /** Of all that the ledger has not taken. */
  waitingBytes: number;
  /** Of the oldest segment that waits; null when none does. */
  waitingSinceMs: number | null;
  callsInFlight: number;
}

export interface SpoolStatus {
  root: string;
  /** Everything below it: what counts against the bound. */
  bytes: number;
  waitingBytes: number;
  spools: SpoolDirectoryStatus[];
  /** Facts in dead letters. */
  deadFacts: number;
  quarantinedRanges: number;
  /** By the policy `drop`, as far as it was written down. */
  dropped: { outcomes: number; denials: number; costNanoUsd: bigint };
}

export async function spoolStatus({ root, clock }: { root: string; clock: Clock }): Promise<SpoolStatus> {
  const spools: SpoolDirectoryStatus[] = [];
  for (const name of await spoolNames(root)) {
    // Adopted, drained and removed while it was looked at: then there is nothing to tell.
    const status = await directoryStatus(root, name, clock).catch(nullIfMissing);
    if (status !== null) spools.push(status);
  }
  const { letters } = await readDeadLetters(root);
  return {
    root,
    bytes: await bytesUnder(root),
    waitingBytes: spools.reduce((sum, { waitingBytes }) => sum + waitingBytes, 0),
    spools,
    deadFacts: letters.reduce((sum, { facts }) => sum + facts.length, 0),
    quarantinedRanges: (await namesIn(join(root, QUARANTINE))).length,
    dropped: await droppedIn(join(root, DROPPED)),
  };
}

async function directoryStatus(root: string, name: string, clock: Clock): Promise<SpoolDirectoryStatus> {
  const directory = join(root, name);
  const owner = readOwner(directory);
  const segments: SpoolDirectoryStatus['segments'] = { open: 0, ready: 0, done: 0, refused: 0 };
  let [waitingBytes, waitingSinceMs] = [0, null as number | null];
  for (const { number, state } of await listSegments(directory)) {
    segments[state] += 1;
    if (state === 'done') continue;
    const { size, birthtimeMs } = await stat(segmentPath(directory, number, state));
    waitingBytes += size;
    waitingSinceMs = Math.min(waitingSinceMs ?? birthtimeMs, birthtimeMs);
  }
  return {
    name,
    owner: owner && { host: owner.host, pid: owner.pid, alive: ownerIsAlive(owner, clock.nowMs()) },
    segments,
    waitingBytes,
    waitingSinceMs,
    callsInFlight: (await readIntents(directory)).length,
  };
}

const droppedSchema = z.object({
  outcomes: z.number().int(),
  denials: z.number().int(),
  costNanoUsd: z.string().transform(BigInt),
});

async function droppedIn(folder: string): Promise<SpoolStatus['dropped']> {
  const sum = { outcomes: 0, denials: 0, costNanoUsd: 0n };
  for (const name of (await namesIn(folder)).filter((each) => each.endsWith('.json'))) {
    const count = droppedSchema.parse(JSON.parse(await readFile(join(folder, name), 'utf8')));
    sum.outcomes += count.outcomes;
    sum.denials += count.denials;
    sum.costNanoUsd += count.costNanoUsd;
  }
  return sum;
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(nullIfMissing)) ?? [];
}

function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null;
  throw error;
}

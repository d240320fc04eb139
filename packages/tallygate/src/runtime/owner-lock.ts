import { connect } from 'node:net';
import type { Clock } from '@tallygate/usage';
import { type OwnerRecord, openOwnerRecords } from './owner-records.ts';
import { type Liveness, livenessOf, thisProcess } from './process-identity.ts';

/**
 * Who owns a data directory: at most one process at any time, whatever crashes and however many want it.
 *
 * `<data>/owner.lock` is a folder of numbered records, one per ownership. The highest number is the owner; the next owner
 * creates the next number, exclusively. Three rules make a second owner impossible:
 *
 * 1. A number is created only by who judged its predecessor released or dead, and neither ever changes back.
 * 2. A record is removed only by an owner of a higher number, so the highest number ever given always stands.
 * 3. A creator that finds a higher number after creating was late, and withdraws.
 *
 * Removing and recreating one fixed file cannot do this: a slow process would remove the lock of the one that was faster.
 */

/** Between taking the lock and listening lie a few system calls; a busy machine may stretch them, but not to this. */
const LISTENING_AFTER_MS = 30_000;

export interface OwnerLock {
  readonly record: OwnerRecord;
  /** Lets the next process in. Only after everything that the lock protects was closed. */
  release(): void;
}

export type OwnerClaim =
  | { kind: 'owned'; lock: OwnerLock; predecessor: OwnerRecord | null }
  | { kind: 'held'; record: OwnerRecord; liveness: Exclude<Liveness, 'dead'> };

export interface ClaimOptions {
  /** The data directory, which exists. */
  directory: string;
  /** Where this process will listen if it becomes the owner. */
  socketPath: string;
  clock: Clock;
}

/**
 * Takes the directory, or tells who has it. Never waits for the holder.
 *
 * @throws TallygateError `TALLYGATE_DIRECTORY_OWNED` for a record nobody can read, `TALLYGATE_VERSION_UNSUPPORTED` for one of
 * a newer version.
 */
export async function claimOwnership({ directory, socketPath, clock }: ClaimOptions): Promise<OwnerClaim> {
  const records = openOwnerRecords(directory);
  for (;;) {
    const latest = records.latest();
    const liveness = latest === null || latest.released ? 'dead' : await judge(latest, clock);
    if (latest !== null && liveness !== 'dead') return { kind: 'held', record: latest, liveness };

    const generation = (latest?.generation ?? 0) + 1;
    const record = {
      generation,
      owner: thisProcess(),
      socketPath,
      acquiredAtMs: clock.nowMs(),
      released: false,
    };
    if (!records.create(record)) continue;
    if (records.latestGeneration() !== generation) {
      records.remove(generation);
      continue;
    }
    records.removeOlderThan(generation);
    const release = () => records.replace({ ...record, released: true });
    return { kind: 'owned', lock: { record, release }, predecessor: latest };
  }
}

/** Pids of another container mean nothing here, but the machine's kernel knows whether anybody listens on the socket. */
async function judge(record: OwnerRecord, clock: Clock): Promise<Liveness> {
  const liveness = livenessOf(record.owner, thisProcess());
  if (liveness !== 'hidden') return liveness;
  const ageMs = clock.nowMs() - record.acquiredAtMs;
  return ageMs > LISTENING_AFTER_MS && (await refusesConnections(record.socketPath)) ? 'dead' : 'hidden';
}

/** Only a refusal counts. A missing file does not: somebody may have removed the socket of a process that lives. */
function refusesConnections(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const answer = (refused: boolean) => {
      socket.destroy();
      resolve(refused);
    };
    socket.once('connect', () => answer(false));
    socket.once('error', (error: NodeJS.ErrnoException) => answer(error.code === 'ECONNREFUSED'));
  });
}

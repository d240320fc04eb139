import { connectRemote, type RemoteTallygate, wasUnreachable } from '@tallygate/remote';
import { type BudgetGate, type Clock, type Logger, TallygateError } from '@tallygate/usage';
import { chooseSocketPath, type DataDirectory, readToken } from './data-directory.ts';
import { type ServedLedger, workElsewhere } from './ledger-access.ts';
import { claimOwnership, type OwnerLock } from './owner-lock.ts';
import type { OwnerRecord } from './owner-records.ts';

/**
 * The place of a process at a data directory: it owns gate and ledger, or it is a client of the process that does. A seat is
 * taken for as long as it works; who loses it takes another.
 */
export interface Seat {
  readonly role: 'owner' | 'client';
  /** Both resolve once an owner has rebuilt its counters, and reject when it could not. */
  readonly gate: Promise<BudgetGate>;
  readonly ledger: Promise<ServedLedger>;
  readonly token: string;
  /** True when the error of a call means that the seat is worth nothing any more, false when it is an answer. */
  isLost(error: unknown): boolean;
  close(): Promise<void>;
}

export interface SeatOptions {
  directory: DataDirectory;
  organization: string;
  clock: Clock;
  logger: Logger;
  /** Becomes the owner with a lock just taken. Not resolved before it listens. */
  own(lock: OwnerLock): Promise<Seat>;
}

const PAUSE_MS = 25;

/**
 * Takes a seat: the owner's when it is free, a client's when the owner answers.
 *
 * @param patienceMs how long an owner that lives may take to answer: it may be starting.
 * @throws TallygateError `TALLYGATE_DIRECTORY_OWNED` when the owner is where nobody here can reach it;
 * `TALLYGATE_GATE_UNAVAILABLE` when it lives and does not answer; `TALLYGATE_CONFIGURATION_INVALID` when it keeps the budgets
 * of another organization.
 */
export async function takeSeat(options: SeatOptions, patienceMs: number): Promise<Seat> {
  const { directory, clock } = options;
  const deadlineMs = clock.monotonicMs() + patienceMs;
  const socketPath = chooseSocketPath(directory.path);
  for (;;) {
    const claim = await claimOwnership({ directory: directory.path, socketPath, clock });
    if (claim.kind === 'owned') return options.own(claim.lock);
    if (claim.liveness === 'elsewhere') throw ownedElsewhere(directory.path, claim.record);
    const remainingMs = deadlineMs - clock.monotonicMs();
    const seat = await joinOwner(options, claim.record, Math.max(remainingMs, 1));
    if (seat !== null) return seat;
    if (clock.monotonicMs() >= deadlineMs) {
      throw claim.liveness === 'hidden'
        ? ownedElsewhere(directory.path, claim.record)
        : ownerSilent(directory.path, claim.record);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** Null: nobody answers there yet, or any more. */
async function joinOwner(options: SeatOptions, record: OwnerRecord, waitMs: number): Promise<Seat | null> {
  const token = readToken(options.directory.tokenFile);
  if (token === null) return null;
  const address = { socketPath: record.socketPath };
  const probe = connectRemote({ address, token, timeouts: { gateMs: waitMs } });
  try {
    requireOrganization(options, record, (await probe.gate.configuration()).organization);
  } catch (error) {
    if (wasUnreachable(error)) return null;
    throw error;
  } finally {
    await probe.close();
  }
  return clientSeat(connectRemote({ address, token }), token);
}

function clientSeat(remote: RemoteTallygate, token: string): Seat {
  return {
    role: 'client',
    gate: Promise.resolve(remote.gate),
    ledger: Promise.resolve({ ...remote, ledgerWork: workElsewhere }),
    token,
    isLost: wasUnreachable,
    close: () => remote.close(),
  };
}

function requireOrganization(
  { organization, directory }: SeatOptions,
  { owner }: OwnerRecord,
  owned: string,
) {
  if (owned === organization) return;
  throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `Process ${owner.pid} keeps the budgets of "${owned}" in ${directory.path}; this one is of "${organization}".`,
    cure: `Name it with --organization ${owned} (TALLYGATE_ORGANIZATION), or give each organization a data directory with TALLYGATE_DATA.`,
  });
}

function ownedElsewhere(directory: string, { owner }: OwnerRecord): TallygateError {
  return new TallygateError('TALLYGATE_DIRECTORY_OWNED', {
    message: `${directory} is owned by process ${owner.pid} on ${owner.host}, which cannot be reached from here.`,
    cure: `Stop that process or choose another directory with TALLYGATE_DATA; if it is gone for good, remove ${directory}/owner.lock.`,
  });
}

function ownerSilent(directory: string, { owner }: OwnerRecord): TallygateError {
  return new TallygateError('TALLYGATE_GATE_UNAVAILABLE', {
    message: `Process ${owner.pid} owns ${directory} and does not answer.`,
    cure: 'If it hangs, stop it: another process takes over at once.',
  });
}

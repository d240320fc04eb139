import type { RemoteBackend } from '@tallygate/remote';
import { type BudgetGate, type Clock, type ErrorCode, TallygateError } from '@tallygate/usage';
import { batchOwnersThrough, gateThrough, historyThrough } from './forwarding.ts';
import { historyWithoutEngine, type LedgerWork, type ServedLedger } from './ledger-access.ts';
import type { Seat } from './seat.ts';
import { holdSeat, SeatUnavailable } from './seat-holder.ts';

/**
 * Gate and ledger of a data directory, wherever they are at the moment: in this process or in another, and moving here when
 * that one dies. Callers hold these ports for good and never learn of the move.
 *
 * A call that finds its seat lost takes a new one and is made once more there; all calls may be repeated. When no seat can be
 * had the call fails as an outage. There is never a second gate: see `owner-lock.ts`.
 */
export interface EmbeddedBackend extends RemoteBackend {
  role(): Seat['role'];
  token(): string;
  /** False: this process is the owner and has no engine. */
  readonly hasHistory: boolean;
  ledgerWork: LedgerWork;
  close(): Promise<void>;
}

export interface EmbeddedOptions {
  clock: Clock;
  /** @param patienceMs how long an owner that lives may take to answer. */
  take(patienceMs: number): Promise<Seat>;
}

/** At start there is time: an owner that has just begun may have much to drain. */
const OPENING_PATIENCE_MS = 30_000;
/** A call to Claude waits for its budget, so it must not wait for a gate that takes long to rebuild. */
const GATE_DEADLINE_MS = 8_000;

/** Rejects with whatever keeps an owner from starting: whoever starts it is told, not its first call. */
export async function openEmbedded({ clock, take }: EmbeddedOptions): Promise<EmbeddedBackend> {
  const seats = holdSeat(await take(OPENING_PATIENCE_MS), take, clock);
  const first = await seats.current().ledger.catch(async (error: unknown) => {
    await seats.close();
    throw error;
  });

  const onGate = <Reply>(question: (gate: BudgetGate) => Promise<Reply>) =>
    within(
      GATE_DEADLINE_MS,
      asOutage(
        'TALLYGATE_GATE_UNAVAILABLE',
        seats.ask((seat) => seat.gate, question),
      ),
    );
  const onLedger = <Reply>(question: (ledger: ServedLedger) => Promise<Reply>) =>
    asOutage(
      'TALLYGATE_LEDGER_UNAVAILABLE',
      seats.ask((seat) => seat.ledger, question),
    );

  return {
    role: () => seats.current().role,
    token: () => seats.current().token,
    hasHistory: first.history !== null,
    close: seats.close,
    gate: gateThrough(onGate, seats.close),
    destination: { store: (segment) => onLedger(({ destination }) => destination.store(segment)) },
    history: historyThrough((question) =>
      onLedger(({ history }) => question(history ?? historyWithoutEngine)),
    ),
    ledgerWork: {
      exportDays: (order) => onLedger(({ ledgerWork }) => ledgerWork.exportDays(order)),
      rebuild: (order) => onLedger(({ ledgerWork }) => ledgerWork.rebuild(order)),
    },
    batchOwners: batchOwnersThrough((question) => onLedger(({ batchOwners }) => question(batchOwners))),
  };
}

/** Only what kept us from asking becomes an outage; an error that was answered stays what it is. */
async function asOutage<Reply>(code: ErrorCode, work: Promise<Reply>): Promise<Reply> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof SeatUnavailable)) throw error;
    const { cause } = error;
    const known = TallygateError.isInstance(cause) ? cause : null;
    throw new TallygateError(code, {
      message: known === null ? error.message : withoutCure(known),
      ...(known === null ? {} : { cure: known.cure }),
      cause: error,
    });
  }
}

function withoutCure({ message, cure }: TallygateError): string {
  return message.endsWith(` ${cure}`) ? message.slice(0, -cure.length - 1) : message;
}

function within<Reply>(deadlineMs: number, work: Promise<Reply>): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(gateLate()), deadlineMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function gateLate(): TallygateError {
  return new TallygateError('TALLYGATE_GATE_UNAVAILABLE', {
    message: 'The gate is being rebuilt and did not answer in time.',
    cure: 'Try again: nothing was written for this call that a repetition could double.',
  });
}

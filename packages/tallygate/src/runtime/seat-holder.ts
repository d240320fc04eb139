import type { Clock } from '@tallygate/usage';
import type { Seat } from './seat.ts';

/** Holds the one seat of this process, and finds the next when it is lost: one search at a time, whoever noticed. */
export interface SeatHolder {
  current(): Seat;
  /**
   * Asks through the current seat; when that is lost, once more through the next.
   * @throws SeatUnavailable when no seat can be had. Everything else is an answer.
   */
  ask<Part, Reply>(
    part: (seat: Seat) => Promise<Part>,
    question: (part: Part) => Promise<Reply>,
  ): Promise<Reply>;
  close(): Promise<void>;
}

/** Nobody can be asked at the moment; `cause` says why. */
export class SeatUnavailable extends Error {}

/** How long a call waits for an owner that lives and does not answer: it may be a new one, rebuilding the gate. */
const CALL_PATIENCE_MS = 5_000;
/** After a failed search the next calls fail at once: one slow answer per second, not one per call. */
const SEARCH_PAUSE_MS = 1_000;

export function holdSeat(first: Seat, take: (patienceMs: number) => Promise<Seat>, clock: Clock): SeatHolder {
  let current = first;
  let search: Promise<Seat> | null = null;
  let failure: { atMonotonicMs: number; cause: unknown } | null = null;
  let closed = false;

  async function replace(lost: Seat): Promise<Seat> {
    if (search === null && current !== lost) return current;
    if (closed) throw new SeatUnavailable('This end was closed.');
    const isRecent = failure !== null && clock.monotonicMs() - failure.atMonotonicMs < SEARCH_PAUSE_MS;
    if (failure !== null && isRecent)
      throw new SeatUnavailable('No owner answers.', { cause: failure.cause });
    search ??= find(lost).finally(() => {
      search = null;
    });
    return search;
  }

  async function find(lost: Seat): Promise<Seat> {
    try {
      await lost.close();
      current = await take(CALL_PATIENCE_MS);
      failure = null;
    } catch (cause) {
      failure = { atMonotonicMs: clock.monotonicMs(), cause };
      throw new SeatUnavailable('No owner answers.', { cause });
    }
    return current;
  }

  return {
    current: () => current,
    async ask(part, question) {
      const seat = current;
      const opened = await part(seat).catch(() => LOST);
      try {
        if (opened !== LOST) return await question(opened as Awaited<ReturnType<typeof part>>);
      } catch (error) {
        if (!seat.isLost(error)) throw error;
      }
      const next = await replace(seat);
      const reopened = await part(next).catch((cause: unknown) => {
        throw new SeatUnavailable('The owner could not start.', { cause });
      });
      return question(reopened);
    },
    async close() {
      closed = true;
      await search?.catch(() => {});
      await current.close();
    },
  };
}

const LOST = Symbol('lost');

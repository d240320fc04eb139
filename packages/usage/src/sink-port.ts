import type { CallIntent } from './call-intent.ts';
import type { TallygateError } from './errors.ts';
import type { DenialRecord, Hold } from './hold.ts';
import type { Settlement } from './settlement.ts';
import type { UsageEvent } from './usage-event.ts';

/** What a flush reached. `pending` > 0 means that rows wait in the spool for a store that does not answer. */
export interface FlushReport {
  stored: number;
  pending: number;
}

/**
 * Where the meter writes. Appends are synchronous and durable against the death of the process when they return; shipping
 * to the store happens behind them and blocks nobody.
 */
export interface UsageSink {
  /** Outcomes accepted since the sink was opened: what the ledger must hold once it is flushed. */
  readonly recordedEvents: number;
  /**
   * Why no further call may be sent, or null: `TALLYGATE_SPOOL_FULL` where what cannot be recorded must not be spent. Asked before
   * each call of enforced budgets; observed calls go on. A sink without it never refuses.
   */
  refusal?(): TallygateError | null;
  /** An attempt is about to be sent: if this process dies before its outcome is recorded, it becomes a row `unknown`. */
  recordIntent?(intent: CallIntent): void;
  /** The outcome of an attempt, with the hold that recovery must settle if this process dies before `recordSettlement`. */
  recordOutcome(event: UsageEvent, hold: Hold | null): void;
  recordSettlement(settlement: Settlement): void;
  recordDenial(denial: DenialRecord): void;
  /** Resolves when all that was recorded before is in the store, or when the store has refused it and the rest waits on disk. */
  flush(): Promise<FlushReport>;
  /** Flushes, then releases files. Nothing may be recorded afterwards. */
  close(): Promise<void>;
}

/** One sealed segment of the spool. Its bytes never change, so that a retry is the same insert. */
export interface SealedSegment {
  /** Deduplication token: the same segment always has the same one, and no other segment ever has it. */
  token: string;
  events: UsageEvent[];
  settlements: Settlement[];
  denials: DenialRecord[];
  /** It was sealed so long ago that a store may have had it and forgotten its token: the store then looks for its rows first. */
  replayed?: boolean | undefined;
}

/** Where sealed segments go: the store itself, or the process that owns it. */
export interface SegmentDestination {
  /** Stores every row exactly once per token and kind of fact. Rejects with `TALLYGATE_LEDGER_UNAVAILABLE` when it must be tried again. */
  store(segment: SealedSegment): Promise<void>;
}

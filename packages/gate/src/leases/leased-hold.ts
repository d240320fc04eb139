import type { Hold, HoldEntry } from '@tallygate/usage';
import type { EndedBatch, LeasedEnding } from './lease-endings.ts';
import type { OpenLease } from './take-lease.ts';

/** An ending and the batch that it went with: all that its reply is made of. */
export interface GatheredEnding extends LeasedEnding {
  readonly batch: Promise<EndedBatch | null>;
}

/**
 * The hold of an attempt that this process admitted. It knows the lease that it is a part of, and how it ended, so that ending it
 * looks nothing up, and one object does for all of it: with thousands in flight, what lives costs more than what is done.
 * To everybody else, and in every copy, it is a hold like any other.
 */
export class LeasedHold implements Hold {
  readonly attemptId: string;
  readonly organization: string;
  readonly epoch: string;
  readonly budgetInstantMs: number;
  readonly expiryBucket: number;
  readonly entries: HoldEntry[];
  readonly leaseId: string;
  readonly #from: OpenLease;
  #ending: GatheredEnding | null = null;
  #extended: Hold | null = null;

  constructor(attemptId: string, entries: readonly HoldEntry[], from: OpenLease) {
    const { hold } = from.lease;
    this.attemptId = attemptId;
    this.organization = hold.organization;
    this.epoch = hold.epoch;
    this.budgetInstantMs = hold.budgetInstantMs;
    this.expiryBucket = hold.expiryBucket;
    this.entries = entries as HoldEntry[];
    this.leaseId = hold.attemptId;
    this.#from = from;
  }

  /** Null for a copy of one, and for every other hold. */
  static of(hold: Hold): LeasedHold | null {
    return #from in hold ? hold : null;
  }

  get from(): OpenLease {
    return this.#from;
  }

  get ending(): GatheredEnding | null {
    return this.#ending;
  }

  set ending(ending: GatheredEnding) {
    this.#ending = ending;
  }

  /** As it is held now: later than this one where it was extended. */
  get live(): Hold {
    return this.#extended ?? this;
  }

  set live(extended: Hold) {
    this.#extended = extended;
  }
}

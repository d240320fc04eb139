/** What was done to whom and when, by the machine's monotonic clock: the only excuses that the judge accepts. */

/** A moment in which Redis may have forgotten what it had answered since `fromMs`. */
export interface Loss {
  fromMs: number;
  toMs: number;
}

/** Somebody could not speak to Redis. */
export interface Absence {
  /** A process by the name of its journal; null for all of them. */
  who: string | null;
  fromMs: number;
  /** Infinity for one that was killed. */
  toMs: number;
}

export interface Suffered {
  losses: readonly Loss[];
  absences: readonly Absence[];
}

import type { NanoUsd } from '@tallygate/usage';

/** What can happen to a gate, in any order. `process` is one of those that share it, each with a memory of its own. */
export interface Asking {
  process: number;
  call: number;
  payer: number;
  expected: NanoUsd;
  worst: NanoUsd;
  ttlMs: number;
  enforce: boolean;
  isStale: boolean;
}

/**
 * `from`: which attempts `call` counts through. `copy`: of the hold, as it was answered, or one that names the periods of this
 * instant and nothing that was held.
 */
export interface Naming {
  process: number;
  from: 'live' | 'all';
  call: number;
  copy: 'answered' | 'made up';
}

export type Step =
  | ({ do: 'reserve' } & Asking)
  /** A reserve whose caller stops waiting before the answer comes. */
  | ({ do: 'abandon' } & Asking)
  | ({ do: 'settle'; amount: NanoUsd } & Naming)
  | ({ do: 'release' } & Naming)
  | ({ do: 'extend'; ttlMs: number } & Naming)
  | { do: 'publish'; process: number; change: Change; as: Publishing }
  /** Whoever delivers alerts takes all that wait, records them and removes them. */
  | { do: 'tell'; process: number }
  | { do: 'pass'; durationMs: number }
  /** To the end of the current bucket or period, or one millisecond to either side. */
  | { do: 'pass to edge'; edge: 'bucket' | 'period'; budget: string; offMs: number }
  /** From now on the callers' clocks differ from the server's by this. */
  | { do: 'skew'; offMs: number }
  | { do: 'restart'; process: number }
  /** The counters are made anew from the ledger and from the holds that are written down. */
  | { do: 'rebuild' }
  | { do: 'lose everything' }
  | { do: 'lose a counter'; budget: string }
  | { do: 'lose the scripts' };

export type Change = { budget: string; limit: NanoUsd } | { budget: string; isLive: boolean };
export type Publishing = 'next' | 'again' | 'outdated';

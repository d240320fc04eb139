import { openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { NanoUsd } from '@tallygate/usage';

/**
 * What each process saw, written before and after every step, so that a process killed between two leaves the first. The judge reads
 * nothing else but this, the counters and the ledger.
 */
export type Step =
  | { step: 'asked'; id: string; feature: string }
  | { step: 'held'; id: string; entries: PartOfCall[] }
  | { step: 'denied'; id: string; key: string; limit: string; needed: string }
  /** The gate did not answer in time: the call is not sent, and what may be held for it is undone or ends by time. */
  | { step: 'unanswered'; id: string }
  /** Bytes are about to reach the provider: from here on it costs what it costs. */
  | { step: 'sent'; id: string }
  | { step: 'ending'; id: string }
  | { step: 'ended'; id: string; epoch: string; seq: number; outcome: string }
  /** Ended once more on purpose, by somebody who had the first answer. */
  | { step: 'repeated'; id: string; epoch: string; seq: number; outcome: string }
  /** Everything that ended before is in the ledger. */
  | { step: 'stored'; ids: string[] };

/** What of a call stands on a budget, or on the pool that has the rest. */
export interface PartOfCall {
  key: string;
  upTo?: string | undefined;
  from?: string | undefined;
}

/**
 * `atMs` is of the machine's monotonic clock, which all its processes share and no skew touches; `by` is the process, by the name of
 * its journal.
 */
export type Noted = Step & { atMs: number; by: string };

export function machineMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

export function openJournal(file: string): (step: Step) => void {
  const descriptor = openSync(file, 'a');
  return (step) => void writeSync(descriptor, `${JSON.stringify({ atMs: machineMs(), ...step })}\n`);
}

/** All journals of a folder, in the order in which it happened. A last line that its writer did not finish is not there. */
export function readJournals(folder: string): Noted[] {
  const notes = readdirSync(folder).flatMap((by) => {
    const lines = readFileSync(join(folder, by), 'utf8').split('\n').slice(0, -1);
    return lines.map((line): Noted => ({ ...JSON.parse(line), by }));
  });
  return notes.sort((left, right) => left.atMs - right.atMs);
}

/** What an attempt costs is a function of its id: whoever ends it, for whatever reason, charges the same. */
export function amountsOf(attemptId: string): Record<'expected' | 'worst' | 'charge', NanoUsd> {
  const drawn = Number.parseInt(attemptId.slice(-10), 16);
  const worst = 10_000_000n + BigInt(drawn % 40_000_000);
  return { expected: (worst * 3n) / 4n, worst, charge: (worst * BigInt(drawn % 101)) / 100n };
}

import type { NanoUsd } from '@tallygate/usage';
import { amountsOf, type Noted, type PartOfCall } from './gate-journal.ts';

/** One attempt, as the journals of all processes tell it. An instant that nobody noted is Infinity. */
export interface Attempt {
  id: string;
  /** The process that asked for it. */
  by: string;
  /** Names the budget that is soon used up. */
  feature: string;
  entries: readonly PartOfCall[];
  charge: NanoUsd;
  worst: NanoUsd;
  askedMs: number;
  heldMs: number;
  /** From here on the provider bills it. */
  sentMs: number;
  /** Its end was asked for first. */
  endingMs: number;
  endedMs: number;
  storedMs: number;
  /** The gate said no, and nothing is held. */
  isDenied: boolean;
}

export function attemptsOf(notes: readonly Noted[]): Map<string, Attempt> {
  const attempts = new Map<string, Attempt>();
  const of = (id: string): Attempt => attempts.get(id) ?? created(attempts, id);
  for (const note of notes) {
    if (note.step === 'stored') for (const id of note.ids) of(id).storedMs = note.atMs;
    else record(of(note.id), note);
  }
  return attempts;
}

function created(attempts: Map<string, Attempt>, id: string): Attempt {
  const { charge, worst } = amountsOf(id);
  const never = Number.POSITIVE_INFINITY;
  const instants = { askedMs: never, heldMs: never, sentMs: never, endingMs: never, endedMs: never };
  const attempt = {
    id,
    by: '',
    feature: '',
    entries: [],
    charge,
    worst,
    ...instants,
    storedMs: never,
    isDenied: false,
  };
  attempts.set(id, attempt);
  return attempt;
}

function record(attempt: Attempt, note: Exclude<Noted, { step: 'stored' }>): void {
  const { atMs } = note;
  if (note.step === 'asked') [attempt.askedMs, attempt.feature, attempt.by] = [atMs, note.feature, note.by];
  if (note.step === 'sent') attempt.sentMs = atMs;
  if (note.step === 'denied') attempt.isDenied = true;
  if (note.step === 'ending') attempt.endingMs = Math.min(attempt.endingMs, atMs);
  if (note.step === 'ended') attempt.endedMs = Math.min(attempt.endedMs, atMs);
  if (note.step !== 'held') return;
  attempt.heldMs = atMs;
  attempt.entries = note.entries;
}

/** Attempts by budget period, with what of their amounts stands there. */
export function byKey(attempts: Iterable<Attempt>): Map<string, Attempt[]> {
  const groups = new Map<string, Attempt[]>();
  for (const attempt of attempts) {
    const { charge, worst } = attempt;
    for (const part of attempt.entries) {
      const group = groups.get(part.key) ?? [];
      group.push({ ...attempt, charge: partOf(charge, part), worst: partOf(worst, part) });
      groups.set(part.key, group);
    }
  }
  return groups;
}

function partOf(amount: NanoUsd, { upTo, from = '0' }: PartOfCall): NanoUsd {
  const most = upTo === undefined ? amount : BigInt(upTo);
  const above = (amount < most ? amount : most) - BigInt(from);
  return above > 0n ? above : 0n;
}

import type { Suffered } from './gate-faults.ts';
import type { Noted } from './gate-journal.ts';

type End = Extract<Noted, { step: 'ended' | 'repeated' }>;

/** Calls that had two ends in one epoch, though whoever repeated the first had its answer. */
export function endedTwice(notes: readonly Noted[], suffered: Suffered): number {
  const firsts = new Map<string, End>();
  let count = 0;
  for (const note of notes) {
    if (note.step === 'ended') firsts.set(note.id, note);
    if (note.step !== 'repeated') continue;
    const first = firsts.get(note.id);
    if (first !== undefined && isAnotherEnd(note, first) && !isForgotten(first, suffered)) count += 1;
  }
  return count;
}

function isAnotherEnd(again: End, first: End): boolean {
  return again.epoch === first.epoch && (again.outcome !== 'duplicate' || again.seq !== first.seq);
}

/** Nobody has noticed the loss yet, and the epoch is still the one of before. */
function isForgotten({ atMs }: End, { losses }: Suffered): boolean {
  return losses.some(({ fromMs, toMs }) => fromMs < atMs && atMs < toMs);
}

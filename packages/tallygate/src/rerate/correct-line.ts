import { charge, type PriceBook } from '@tallygate/pricing';
import { NO_USAGE, type UnpricedPolicy, type UsageEvent, type UsageLine } from '@tallygate/usage';
import { FREE, isNothing, type LineCost, minus, plus } from '../corrections/line-cost.ts';
import { isCorrection, isRecorded, LINES_PER_ROUND, recordedLineOf } from '../corrections/line-numbers.ts';
import { TRUED_UP } from '../true-up/index.ts';

/** Lines that no price list can price again, by reason. */
export type LeftAlone = 'folded' | 'imported_price' | 'trued_up';

export interface LineOutcome {
  model: string;
  before: LineCost;
  /** As the book prices it now; of a line that is left alone, as before. */
  after: LineCost;
  correction: UsageLine | null;
  leftAlone: LeftAlone | null;
}

/** Each line of an attempt, priced again by what is in force for the day of the attempt. */
export function rerateEvent(event: UsageEvent, book: PriceBook, policy: UnpricedPolicy): LineOutcome[] {
  const rounds = roundsOf(event.lines);
  return event.lines
    .filter(({ line }) => isRecorded(line))
    .map((line) => rerateLine(event, [line, ...(rounds.get(line.line) ?? [])], book, policy));
}

/** Corrections by the line that they are of, the oldest first. */
function roundsOf(lines: readonly UsageLine[]): Map<number, UsageLine[]> {
  const rounds = new Map<number, UsageLine[]>();
  for (const line of [...lines].sort((left, right) => left.line - right.line)) {
    if (!isCorrection(line.line)) continue;
    const of = recordedLineOf(line.line);
    rounds.set(of, [...(rounds.get(of) ?? []), line]);
  }
  return rounds;
}

function rerateLine(
  event: UsageEvent,
  history: readonly [UsageLine, ...UsageLine[]],
  book: PriceBook,
  policy: UnpricedPolicy,
): LineOutcome {
  const [line] = history;
  const before = history.reduce<LineCost>(plus, FREE);
  const charged = charge(book, {
    ...line,
    model: line.responseModel,
    backend: event.backend,
    atMs: event.startedAtMs,
    unpricedModels: policy,
  });
  const leftAlone = reasonToLeave(history, charged.flags);
  const model = line.responseModel;
  if (leftAlone !== null) return { model, before, after: before, correction: null, leftAlone };
  const moved = minus(charged, before);
  return {
    model,
    before,
    after: plus(FREE, charged),
    correction: isNothing(moved) ? null : correctionOf(history, moved, charged),
    leftAlone: null,
  };
}

/**
 * The sum of several attempts would reach a prompt band that none of them did. What a row said of itself the book cannot better. A
 * guess that was trued up still has its guessed tokens: their price would take the truth back.
 */
function reasonToLeave(
  [{ flags }, ...corrections]: readonly [UsageLine, ...UsageLine[]],
  chargedFlags: readonly string[],
): LeftAlone | null {
  if (corrections.some((line) => line.flags.includes(TRUED_UP))) return 'trued_up';
  if (flags.some((flag) => flag.startsWith('folded:'))) return 'folded';
  return flags.includes('imported_price') && chargedFlags.includes('unpriced') ? 'imported_price' : null;
}

/**
 * The n-th correction of line i is line 1000 n + i of the same event: no tokens, signed costs, and every dimension of the line. So
 * whatever is grouped, it stands beside what it corrects; no count of calls or attempts sees it; and made twice, by two runs or
 * after a crash, it is the same row. What was moved to another team says nothing about a price: it is left out of the sum.
 */
function correctionOf(
  history: readonly [UsageLine, ...UsageLine[]],
  moved: LineCost,
  charged: { priceId: string | null; contractId: string | null },
): UsageLine {
  const [line] = history;
  const last = history[history.length - 1] ?? line;
  return {
    ...line,
    line: history.length * LINES_PER_ROUND + line.line,
    usage: NO_USAGE,
    ...moved,
    priceId: charged.priceId,
    flags: [
      'correction',
      `was:${last.priceId ?? 'none'}`,
      ...(charged.contractId === null ? [] : [`contract:${charged.contractId}`]),
    ],
  };
}

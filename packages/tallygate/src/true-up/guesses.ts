import type { Evidence } from '@tallygate/reconcile';
import {
  PICO_USD_PER_NANO_USD,
  type PicoUsd,
  type UsageCursor,
  type UsageEvent,
  type UsageLine,
  type UsageRecords,
} from '@tallygate/usage';
import { FREE, type LineCost, plus } from '../corrections/line-cost.ts';
import { isCorrection, isRecorded, recordedLineOf } from '../corrections/line-numbers.ts';

/** One line of an attempt that was charged by a guess, as the reconciliation that is trued up saw it. */
export interface Guess {
  event: UsageEvent;
  /** As it was recorded, then its corrections; not those that this reconciliation made already. */
  lines: readonly [UsageLine, ...UsageLine[]];
  cost: LineCost;
}

/** What it comes to exactly. Moves to other teams are left out: they change who pays, not what it cost. */
export function exactPicoUsd({ cost }: Pick<Guess, 'cost'>): PicoUsd {
  return cost.listCostNanoUsd * PICO_USD_PER_NANO_USD + BigInt(cost.roundingPicoUsd);
}

export interface Places {
  history: Pick<UsageRecords, 'usagePage'>;
  organization: string;
  /** Where guesses are looked for: minutes of one model. */
  places: readonly Pick<Evidence, 'fromMs' | 'toMs' | 'model'>[];
  modelName(name: string): string;
  /** A flag on every correction that the reconciliation made: after a run that was cut off, some are there. */
  madeBy: string;
  onProgress(atMs: number): void;
}

const ROWS_PER_PAGE = 5_000;
/** A call counts where it ended, and is filed where it was admitted: a batch up to a day before. */
const LONGEST_CALL_MS = 25 * 3_600_000;
/** Clocks of the gate and of the application differ. */
const SKEW_MS = 60_000;

/** Every guess of ours in these places, on the provider's own API. */
export async function readGuesses(asked: Places): Promise<Guess[]> {
  const guesses: Guess[] = [];
  for (const { fromMs, toMs } of stretchesOf(asked.places)) {
    let after: UsageCursor | null = null;
    do {
      const { organization, history } = asked;
      const page = await history.usagePage({ organization, fromMs, toMs, after, maxRows: ROWS_PER_PAGE });
      guesses.push(...page.events.flatMap((event) => guessesOf(event, asked)));
      after = page.next;
      asked.onProgress(after?.hourMs ?? toMs);
    } while (after !== null);
  }
  return guesses;
}

function stretchesOf(places: Places['places']): { fromMs: number; toMs: number }[] {
  const stretches: { fromMs: number; toMs: number }[] = [];
  for (const place of places.toSorted((left, right) => left.fromMs - right.fromMs)) {
    const [fromMs, toMs] = [place.fromMs - LONGEST_CALL_MS, place.toMs + SKEW_MS];
    const last = stretches.at(-1);
    if (last !== undefined && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs);
    else stretches.push({ fromMs, toMs });
  }
  return stretches;
}

function guessesOf(event: UsageEvent, { places, modelName, madeBy }: Places): Guess[] {
  const { basis, backend, endedAtMs } = event;
  if (basis !== 'estimated' || backend !== 'anthropic') return [];
  const here = places.filter(({ fromMs, toMs }) => endedAtMs >= fromMs && endedAtMs < toMs);
  return event.lines.flatMap((line) => {
    const isThere =
      isRecorded(line.line) && here.some(({ model }) => modelName(line.responseModel) === model);
    return isThere ? [guessOf(event, line, madeBy)] : [];
  });
}

function guessOf(event: UsageEvent, recorded: UsageLine, madeBy: string): Guess {
  const isCorrectionOfIt = ({ line, flags }: UsageLine) =>
    isCorrection(line) && recordedLineOf(line) === recorded.line && !flags.includes(madeBy);
  const lines: Guess['lines'] = [recorded, ...event.lines.filter(isCorrectionOfIt)];
  return { event, lines, cost: lines.reduce<LineCost>(plus, FREE) };
}

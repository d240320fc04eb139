import { apportion } from '@tallygate/report';
import {
  divideHalfEven,
  NO_USAGE,
  nanoFromPico,
  PICO_USD_PER_NANO_USD,
  type PicoUsd,
  type UsageLine,
} from '@tallygate/usage';
import { isNothing, type LineCost, minus } from '../corrections/line-cost.ts';
import { LINES_PER_ROUND } from '../corrections/line-numbers.ts';
import { exactPicoUsd, type Guess } from './guesses.ts';
import type { TruedUpRow } from './trued-up-row.ts';

/** On each row by it, so that a re-rating leaves a corrected line alone: its tokens are still those of the guess. */
export const TRUED_UP = 'trued_up';

/**
 * Rows that bring guesses to what they truly cost together. Where there are several, nobody counted them apart: each takes its part
 * of the sum by what it was charged. What is paid moves as the list price does.
 *
 * @param evidence flags that say where the true count was read.
 * @returns those that are not there yet.
 */
export function correctedGuesses(
  guesses: readonly Guess[],
  actualPicoUsd: PicoUsd,
  evidence: readonly string[],
): TruedUpRow[] {
  const charges = guesses.map(exactPicoUsd);
  const isFree = charges.every((charged) => charged === 0n);
  const weights = guesses.map(({ event, lines: [{ line }] }, index) => ({
    key: `${event.eventId} ${line}`,
    weight: isFree ? 1n : (charges[index] ?? 0n),
  }));
  const shares = apportion(actualPicoUsd, weights);
  return guesses.flatMap((guess, index) => {
    const moved = minus(costOf(shares[index]?.amount ?? 0n, guess), guess.cost);
    const line = correctionOf(guess, moved, evidence);
    const isThere = guess.event.lines.some((known) => known.line === line.line);
    return isNothing(moved) || isThere ? [] : [{ event: guess.event, line }];
  });
}

/** Searches are counted on answers that came: what a guess holds of them stays. */
function costOf(truePicoUsd: PicoUsd, { cost }: Guess): LineCost {
  const listCostNanoUsd = nanoFromPico(truePicoUsd);
  const { contractedCostNanoUsd, webSearchCostNanoUsd } = cost;
  return {
    listCostNanoUsd,
    contractedCostNanoUsd:
      cost.listCostNanoUsd <= 0n
        ? listCostNanoUsd
        : divideHalfEven(listCostNanoUsd * contractedCostNanoUsd, cost.listCostNanoUsd),
    webSearchCostNanoUsd,
    roundingPicoUsd: Number(truePicoUsd - listCostNanoUsd * PICO_USD_PER_NANO_USD),
  };
}

/** Numbered as every correction is: line 1000 n + i is the n-th of line i, whoever writes it. */
function correctionOf({ lines }: Guess, moved: LineCost, evidence: readonly string[]): UsageLine {
  const [recorded] = lines;
  return {
    ...recorded,
    line: lines.length * LINES_PER_ROUND + recorded.line,
    usage: NO_USAGE,
    ...moved,
    flags: ['correction', TRUED_UP, ...evidence],
  };
}

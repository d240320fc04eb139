import type { PicoUsd } from '@tallygate/usage';
import { DARK_CAUSES } from './causes.ts';
import { sumPico } from './joined-rows.ts';
import type { Cause, Coverage } from './reconciliation.ts';

/** Products that no meter can sit on, such as code execution, count as seen: nobody can wrap them. */
export function coverageOf(listPicoUsd: PicoUsd, causes: readonly Cause[]): Coverage {
  const dark = causes.filter(({ cause }) => DARK_CAUSES.has(cause));
  const darkPicoUsd = sumPico(dark.map((cause) => cause.amountPicoUsd));
  return {
    listPicoUsd,
    darkPicoUsd,
    percent: listPicoUsd > 0n ? percentOf(listPicoUsd - darkPicoUsd, listPicoUsd) : null,
  };
}

/** Down, so that what is not whole never reads 100. */
function percentOf(part: bigint, whole: bigint): number {
  const hundredths = part <= 0n ? 0n : (part * 10_000n) / whole;
  return Number(hundredths) / 100;
}

import { isoFromMs, TallygateError } from '@tallygate/usage';
import type { ReportedLine } from './bill.ts';
import { sumLines } from './join-lines.ts';

/**
 * Groups that do not add up to the total of their bucket are a report that hides something (a cap, a group that is not sent), and
 * hidden usage would read as a smaller bill.
 *
 * @param completeUntilMs a bucket that ends later may have grown between the two reads: that is said, not refused.
 * @throws TallygateError `TALLYGATE_REPORT_MALFORMED`
 */
export function checkSums(
  grouped: readonly ReportedLine[],
  totals: readonly ReportedLine[],
  widthMs: number,
  completeUntilMs: number,
): string[] {
  const starts = [...new Set([...grouped, ...totals].map(({ startMs }) => startMs))].sort((a, b) => a - b);
  return starts.flatMap((startMs) => {
    const [parts, whole] = [grouped, totals].map((lines) =>
      describeSum(lines.filter((line) => line.startMs === startMs)),
    );
    if (parts === whole) return [];
    const message = `The provider's groups from ${isoFromMs(startMs)} on add up to ${parts}, its total is ${whole}.`;
    if (startMs + widthMs > completeUntilMs) return [message];
    throw new TallygateError('TALLYGATE_REPORT_MALFORMED', { message });
  });
}

function describeSum(lines: readonly ReportedLine[]): string {
  const { usage, costPicoUsd } = sumLines(lines);
  const money = costPicoUsd === null ? '' : `, ${costPicoUsd} pico-USD`;
  return `${Object.values(usage).join('/')} tokens and searches${money}`;
}

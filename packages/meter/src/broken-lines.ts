import { NO_USAGE, type TokenUsage, totalInputTokens } from '@tallygate/usage';
import type { Answer, Decline } from './answer.ts';
import { type BilledLine, billedLines } from './billed-lines.ts';

/** Bytes of streamed text per output token, from below, so that the estimate is not under what was generated. */
const OUTPUT_BYTES_PER_TOKEN = 2.5;

/**
 * The lines of a stream that broke off. It has told its input, but only a placeholder for its output: what passed is counted
 * instead. Of a fallback that took over, its model is all that is known before the end.
 */
export function brokenLines(answer: Answer, requestModel: string): BilledLine[] {
  const lines = billedLines(answer, requestModel);
  const [first] = lines;
  const isListed = Array.isArray(answer.usage?.['iterations']);
  if (first !== undefined && !isListed && answer.declines.length > 0) return turnLines(first, answer);
  return lines.map((line, index) =>
    index === lines.length - 1
      ? withOutput(line, Math.max(line.usage.outputTokens, tokensIn(answer.deltaBytes)))
      : line,
  );
}

/** One line for each model that had its turn, as the provider lists them at the end of a whole stream. */
function turnLines(first: BilledLine, { declines, deltaBytes }: Answer): BilledLine[] {
  const ends = [...declines.map((decline) => decline.deltaBytes), deltaBytes];
  return ends.map((end, turn) => {
    const line = turn === 0 ? first : fallbackLine(first, declines[turn - 1]);
    const decline = declines[turn];
    const declined = decline === undefined ? null : { category: decline.category };
    return withOutput({ ...line, declined }, tokensIn(end - (ends[turn - 1] ?? 0)));
  });
}

/** It read the same prompt; what a cache of its own spared it, nobody has told. */
function fallbackLine(first: BilledLine, takenOver: Decline | undefined): BilledLine {
  const usage: TokenUsage = { ...NO_USAGE, uncachedInputTokens: totalInputTokens(first.usage) };
  const model = takenOver?.successor ?? first.model;
  return { ...first, lineType: 'fallback_message', model, usage, flags: ['input_estimated'] };
}

function withOutput(line: BilledLine, outputTokens: number): BilledLine {
  return { ...line, usage: { ...line.usage, outputTokens }, flags: [...line.flags, 'output_estimated'] };
}

function tokensIn(bytes: number): number {
  return Math.ceil(bytes / OUTPUT_BYTES_PER_TOKEN);
}

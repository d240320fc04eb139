import type { TokenUsage } from '@tallygate/usage';
import { type Answer, isObject, type ProviderUsage } from './answer.ts';
import { addTokens, hasMalformedCounts, isLoop, tokensOf, withFees } from './provider-usage.ts';

/** A billable line before it is priced. */
export interface BilledLine {
  lineType: string;
  model: string;
  usage: TokenUsage;
  /** The counts are of several passes of the model, added up: nobody says which of the two a prompt band is judged by. */
  isSum: boolean;
  /** Set on the attempt of a model that declined before a fallback took over: the category decides whether it is charged. */
  declined: { category: string | null } | null;
  flags: string[];
}

/**
 * The provider's billing record as lines. That is `usage.iterations` where present, because top-level totals leave out
 * compactions, advisors and declined attempts; else the top level. Iterations of one type and model make one line. Tool fees
 * and thinking tokens are reported once per message and stand on the serving line.
 */
export function billedLines(answer: Answer, requestModel: string): BilledLine[] {
  const usage = answer.usage ?? {};
  const iterations = (Array.isArray(usage['iterations']) ? usage['iterations'] : []).filter(isObject);
  if (iterations.length === 0) {
    const model = answer.model ?? requestModel;
    return [
      {
        lineType: 'message',
        model,
        usage: withFees(tokensOf(usage), usage),
        isSum: isLoop(usage),
        declined: null,
        flags: flagsOf(usage),
      },
    ];
  }
  const lines = iterationLines(iterations, answer, requestModel);
  const serving =
    lines.findLast((line) => SERVING_TYPES.has(line.lineType) && line.declined === null) ?? lines[0];
  if (serving) serving.usage = withFees(serving.usage, usage);
  return lines;
}

const SERVING_TYPES = new Set(['message', 'fallback_message']);

function iterationLines(iterations: ProviderUsage[], answer: Answer, requestModel: string): BilledLine[] {
  const turns = turnsOf(iterations);
  const lastTurn = Math.max(...turns);
  const merged = new Map<string, BilledLine>();
  for (const [index, iteration] of iterations.entries()) {
    const turn = turns[index] ?? lastTurn;
    const isDecline = turn < lastTurn && SERVING_TYPES.has(typeOf(iteration));
    const { model, flags } = modelOf(iteration, answer, requestModel, turn < lastTurn);
    const line: BilledLine = {
      lineType: typeOf(iteration),
      model,
      flags: [...flags, ...flagsOf(iteration)],
      isSum: false,
      usage: tokensOf(iteration),
      declined: isDecline ? { category: answer.declines[turn]?.category ?? null } : null,
    };
    const key = JSON.stringify([line.lineType, line.model, isDecline ? turn : null]);
    const same = merged.get(key);
    merged.set(key, same ? added(same, line) : line);
  }
  return [...merged.values()];
}

function added(left: BilledLine, right: BilledLine): BilledLine {
  const flags = [...new Set([...left.flags, ...right.flags])];
  return { ...left, usage: addTokens(left.usage, right.usage), isSum: true, flags };
}

function flagsOf(counts: ProviderUsage): string[] {
  return hasMalformedCounts(counts) ? ['malformed_usage'] : [];
}

/**
 * Whose turn each iteration belongs to: 0 is the requested model's, 1 the first fallback's … A model can sample several times in
 * its turn, with server tools between. All turns but the last were declined, each at its end.
 */
function turnsOf(iterations: ProviderUsage[]): number[] {
  let turn = 0;
  let before: ProviderUsage | null = null;
  return iterations.map((iteration) => {
    if (!SERVING_TYPES.has(typeOf(iteration))) return turn;
    if (before !== null && isTakenOver(before, iteration)) turn += 1;
    before = iteration;
    return turn;
  });
}

/** A hop in the middle of a chain can be a `message` as well: the model tells it, where both name one. */
function isTakenOver(before: ProviderUsage, iteration: ProviderUsage): boolean {
  if (typeOf(before) !== typeOf(iteration)) return true;
  const [left, right] = [before['model'], iteration['model']];
  return typeof left === 'string' && typeof right === 'string' && left !== right;
}

/**
 * An iteration that names no model ran on the model that answered; before a fallback took over that was the requested one.
 * Only executor messages can be that sure: for the others the assumption is flagged.
 */
function modelOf(
  iteration: ProviderUsage,
  answer: Answer,
  requestModel: string,
  beforeFallback: boolean,
): { model: string; flags: string[] } {
  if (typeof iteration['model'] === 'string') return { model: iteration['model'], flags: [] };
  const answered = answer.model ?? requestModel;
  const model = beforeFallback && requestModel !== '' ? requestModel : answered;
  return { model, flags: typeOf(iteration) === 'message' ? [] : [`model_assumed:${typeOf(iteration)}`] };
}

function typeOf(iteration: ProviderUsage): string {
  return typeof iteration['type'] === 'string' ? iteration['type'] : 'message';
}

import type { PicoUsd } from '@tallygate/usage';
import type { Day } from './day.ts';
import type { OurRow } from './joined-rows.ts';
import { createPairs, type Pairs } from './pairs.ts';
import type { Variance } from './reconciliation.ts';
import { addInto, noTokens, subtractTokens, type TokenCounts } from './token-counts.ts';

/**
 * The join by day and model. Every row of either side lands on exactly one line, known or not, so that the lines of a column
 * always add up to its total: a row that has no partner is a line with one empty side, never a row that is missing.
 */
const TOKENS = 'tokens';
const WEB_SEARCH = 'web_search';
/** Cost rows without a kind of their own. */
const UNSTATED = 'unstated';

interface Line {
  dayMs: number;
  costType: string;
  model: string | null;
  ours: TokenCounts;
  theirs: TokenCounts;
  internalPicoUsd: PicoUsd;
  billedPicoUsd: PicoUsd;
}

/** By cost type and model. */
type LinesOfDay = Pairs<string, string | null, number, Line>;

/** The lines of the days that were added. */
export interface Variances {
  add(day: Day): void;
  lines(): Variance[];
}

export function createVariances(modelName: (name: string) => string): Variances {
  const lines: Line[] = [];
  return {
    add({ dayMs, ours, theirs, costs }) {
      const ofDay: LinesOfDay = createPairs(() => true, nothingOn);
      for (const row of ours) addOurs(ofDay, row);
      for (const row of theirs) addInto(ofDay.at(TOKENS, row.model, dayMs).theirs, row.tokens);
      for (const { rows } of costs)
        for (const { group, amountPicoUsd } of rows) {
          const costType = group.cost_type ?? UNSTATED;
          const model = costType === TOKENS && group.model != null ? modelName(group.model) : null;
          ofDay.at(costType, model, dayMs).billedPicoUsd += amountPicoUsd;
        }
      lines.push(...ofDay.all());
    },
    lines: () => lines.filter(saysSomething).map(varianceOf).sort(inOrder),
  };
}

/** Web searches are billed on a line of their own, without a model; their count stays with the model that made them. */
function addOurs(lines: LinesOfDay, row: OurRow): void {
  const line = lines.at(TOKENS, row.model, row.atMs);
  addInto(line.ours, row.tokens);
  line.internalPicoUsd += row.chargedPicoUsd - row.webSearchPicoUsd;
  if (row.webSearchPicoUsd !== 0n)
    lines.at(WEB_SEARCH, null, row.atMs).internalPicoUsd += row.webSearchPicoUsd;
}

function nothingOn(dayMs: number, costType: string, model: string | null): Line {
  const [ours, theirs] = [noTokens(), noTokens()];
  return { dayMs, costType, model, ours, theirs, internalPicoUsd: 0n, billedPicoUsd: 0n };
}

function saysSomething(line: Line): boolean {
  const counts = [...Object.values(line.ours), ...Object.values(line.theirs)];
  return line.internalPicoUsd !== 0n || line.billedPicoUsd !== 0n || counts.some((count) => count !== 0);
}

function varianceOf(line: Line): Variance {
  return {
    ...line,
    difference: subtractTokens(line.theirs, line.ours),
    variancePicoUsd: line.billedPicoUsd - line.internalPicoUsd,
  };
}

function inOrder(left: Variance, right: Variance): number {
  const [leftKey, rightKey] = [left, right].map((line) => `${line.costType} ${line.model ?? ''}`);
  return left.dayMs - right.dayMs || ((leftKey ?? '') < (rightKey ?? '') ? -1 : 1);
}

import type { PicoUsd } from '@tallygate/usage';
import type { Day } from './day.ts';
import type { OurRow } from './joined-rows.ts';
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

/** The lines of the days that were added. */
export interface Variances {
  add(day: Day): void;
  lines(): Variance[];
}

export function createVariances(modelName: (name: string) => string): Variances {
  const lines = new Map<string, Line>();
  return {
    add({ dayMs, ours, theirs, costs }) {
      for (const row of ours) addOurs(lines, row);
      for (const row of theirs) addInto(lineAt(lines, dayMs, TOKENS, row.model).theirs, row.tokens);
      for (const { group, amountPicoUsd } of costs.flatMap(({ rows }) => rows)) {
        const costType = group.cost_type ?? UNSTATED;
        const model = costType === TOKENS && group.model != null ? modelName(group.model) : null;
        lineAt(lines, dayMs, costType, model).billedPicoUsd += amountPicoUsd;
      }
    },
    lines: () => [...lines.values()].filter(saysSomething).map(varianceOf).sort(inOrder),
  };
}

/** Web searches are billed on a line of their own, without a model; their count stays with the model that made them. */
function addOurs(lines: Map<string, Line>, row: OurRow): void {
  const line = lineAt(lines, row.atMs, TOKENS, row.model);
  addInto(line.ours, row.tokens);
  line.internalPicoUsd += row.chargedPicoUsd - row.webSearchPicoUsd;
  if (row.webSearchPicoUsd !== 0n)
    lineAt(lines, row.atMs, WEB_SEARCH, null).internalPicoUsd += row.webSearchPicoUsd;
}

function lineAt(lines: Map<string, Line>, dayMs: number, costType: string, model: string | null): Line {
  const key = `${dayMs} ${costType} ${model}`;
  const known = lines.get(key);
  if (known) return known;
  const line = {
    dayMs,
    costType,
    model,
    ours: noTokens(),
    theirs: noTokens(),
    internalPicoUsd: 0n,
    billedPicoUsd: 0n,
  };
  lines.set(key, line);
  return line;
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

import type { PriceBook } from '@tallygate/pricing';
import type {
  ConfigurationSnapshot,
  NanoUsd,
  UsageCursor,
  UsageEvent,
  UsageRecords,
  UsageSink,
} from '@tallygate/usage';
import { correctionEvent, type Reasons, requireStored } from '../corrections/correction-event.ts';
import { type LeftAlone, type LineOutcome, rerateEvent } from './correct-line.ts';

export interface RerateParts {
  history: UsageRecords;
  sink: Pick<UsageSink, 'recordOutcome' | 'flush'>;
  snapshot: ConfigurationSnapshot;
  book: PriceBook;
  /** [from, to) of the budget instant. */
  fromMs: number;
  toMs: number;
  /** Null: nothing is written. */
  apply: Reasons | null;
  onProgress(atMs: number, lines: number): void;
}

/** Before and after as they are paid. */
export interface Move {
  correctedLines: number;
  beforeNanoUsd: NanoUsd;
  afterNanoUsd: NanoUsd;
}

export interface RerateTotals {
  lines: number;
  total: Move;
  byTeam: Map<string, Move>;
  byModel: Map<string, Move>;
  leftAlone: Record<LeftAlone, number>;
}

const ROWS_PER_PAGE = 5_000;

/**
 * Prices every recorded line of the range by what is in force now for its day, and writes what differs as signed rows beside it.
 * Earlier corrections count as part of what a line costs, so applying twice writes nothing, and a run that was cut off is
 * completed by the next one.
 *
 * @throws TallygateError `TALLYGATE_LEDGER_UNAVAILABLE` when the ledger does not answer or takes no rows.
 */
export async function rerateUsage(parts: RerateParts): Promise<RerateTotals> {
  const totals = noTotals();
  let after: UsageCursor | null = null;
  do {
    const { organization } = parts.snapshot;
    const { fromMs, toMs } = parts;
    const page = await parts.history.usagePage({ organization, fromMs, toMs, after, maxRows: ROWS_PER_PAGE });
    for (const event of page.events) rerateInto(totals, event, parts);
    if (parts.apply !== null) await requireStored(parts.sink);
    after = page.next;
    parts.onProgress(after?.hourMs ?? toMs, totals.lines);
  } while (after !== null);
  return totals;
}

function rerateInto(totals: RerateTotals, event: UsageEvent, parts: RerateParts): void {
  const { book, snapshot, apply, sink } = parts;
  const outcomes = rerateEvent(event, book, snapshot.unpricedModels);
  for (const outcome of outcomes) addOutcome(totals, event.attribution.team, outcome);
  const corrections = outcomes.flatMap(({ correction }) => correction ?? []);
  if (apply === null || corrections.length === 0) return;
  sink.recordOutcome(correctionEvent(event, corrections, snapshot.version, apply), null);
}

function noTotals(): RerateTotals {
  const leftAlone = { folded: 0, imported_price: 0, trued_up: 0 };
  return { lines: 0, total: noMove(), byTeam: new Map(), byModel: new Map(), leftAlone };
}

function noMove(): Move {
  return { correctedLines: 0, beforeNanoUsd: 0n, afterNanoUsd: 0n };
}

function addOutcome(totals: RerateTotals, team: string, outcome: LineOutcome): void {
  totals.lines += 1;
  if (outcome.leftAlone !== null) totals.leftAlone[outcome.leftAlone] += 1;
  addMove(totals.total, outcome);
  addMove(moveOf(totals.byTeam, team), outcome);
  addMove(moveOf(totals.byModel, outcome.model), outcome);
}

function moveOf(moves: Map<string, Move>, name: string): Move {
  const move = moves.get(name) ?? noMove();
  moves.set(name, move);
  return move;
}

function addMove(move: Move, { before, after, correction }: LineOutcome): void {
  move.correctedLines += correction === null ? 0 : 1;
  move.beforeNanoUsd += before.contractedCostNanoUsd;
  move.afterNanoUsd += after.contractedCostNanoUsd;
}

import { createMemoryGate } from '@tallygate/gate';
import { livePriceBook, type PriceBook } from '@tallygate/pricing';
import {
  type BudgetGate,
  billedTokens,
  type ConfigurationSnapshot,
  contractedCostNanoUsd,
  type Denial,
  isRolling,
  type NanoUsd,
  type PeriodUnit,
  partMsOf,
  partsInWindow,
  periodAt,
  type ReserveRequest,
  resolveTeam,
  type UsageEvent,
  type UsageRecords,
} from '@tallygate/usage';
import { isRecorded } from '../corrections/line-numbers.ts';
import { eventsInOrder } from './events-in-order.ts';

export interface ReplayOptions {
  history: UsageRecords;
  /** The budgets to try. */
  snapshot: ConfigurationSnapshot;
  /** [from, to) of the budget instant: as if they had been put in force at `fromMs`. */
  fromMs: number;
  toMs: number;
  onProgress(atMs: number, attempts: number): void;
}

/** Attempts of one team's feature that one budget would have denied. */
export interface Touched {
  budgetId: string;
  team: string;
  feature: string;
  denials: number;
  firstMs: number;
  /** What these attempts did cost. */
  stoppedNanoUsd: NanoUsd;
}

export interface Replay {
  /** In [from, to). */
  attempts: number;
  costNanoUsd: NanoUsd;
  denials: number;
  stoppedNanoUsd: NanoUsd;
  /** Most money first. */
  touched: Touched[];
}

/**
 * Every recorded attempt once more, in the order of its budget instant, through the rules of the gate in process. What was spent
 * in the periods under way at `fromMs` counts before anything can be denied. An attempt asks for what it did cost, and is over
 * before the next: estimates and calls at the same time can only deny earlier.
 */
export async function replayBudgets(options: ReplayOptions): Promise<Replay> {
  const { fromMs, toMs, history, onProgress } = options;
  // What was recorded had a team; only budgets are tried here.
  const snapshot = { ...options.snapshot, unknownTeams: 'unassigned' as const, overrides: [] };
  const book = livePriceBook(snapshot.priceBook, snapshot.contractPrices);
  let nowMs = 0;
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  const { organization } = snapshot;
  const gate = createMemoryGate({ organization, clock, configuration: snapshot });
  const replay: Replay = { attempts: 0, costNanoUsd: 0n, denials: 0, stoppedNanoUsd: 0n, touched: [] };
  const range = { organization, fromMs: earliestPeriodStart(snapshot, fromMs), toMs };
  for await (const event of eventsInOrder(history, range, onProgress)) {
    nowMs = event.budgetInstantMs;
    const costNanoUsd = positive(contractedCostNanoUsd(event));
    const enforce = nowMs >= fromMs;
    const denial = await spend(gate, requestOf(event, { snapshot, book, costNanoUsd, enforce }));
    if (enforce) count(replay, event, costNanoUsd, denial);
  }
  await gate.close();
  replay.touched.sort((a, b) => (a.stoppedNanoUsd < b.stoppedNanoUsd ? 1 : -1));
  return replay;
}

/** Null when it fits: it is then spent. */
async function spend(gate: BudgetGate, request: ReserveRequest): Promise<Denial | null> {
  const reply = await gate.reserve(request);
  if (reply.kind === 'denied') return reply.denial;
  if (reply.kind !== 'held') return null;
  const { worstNanoUsd: amountNanoUsd, tokens, requests = 1n } = request;
  await gate.settle({ hold: reply.hold, amountNanoUsd, tokens: tokens?.worst ?? 0n, requests });
  return null;
}

interface Asked {
  snapshot: ConfigurationSnapshot;
  book: PriceBook;
  costNanoUsd: NanoUsd;
  enforce: boolean;
}

/** False for what another team bears of an attempt: the call stands at the team that made it. */
function isCall({ lines }: UsageEvent): boolean {
  return lines.some(({ line }) => isRecorded(line));
}

/** As the file would have it: a team by its new name, a model by its plain one. */
function requestOf(event: UsageEvent, { snapshot, book, costNanoUsd, enforce }: Asked): ReserveRequest {
  const { requestModel, attribution } = event;
  const tokens = billedTokens(event);
  return {
    attemptId: `${event.eventId} ${attribution.team}`,
    attribution: { ...attribution, team: resolveTeam(snapshot, attribution.team) },
    models: [book.modelsByName.get(requestModel)?.priced.model ?? requestModel],
    expectedNanoUsd: costNanoUsd,
    worstNanoUsd: costNanoUsd,
    tokens: { expected: tokens, worst: tokens },
    requests: isCall(event) ? 1n : 0n,
    ttlMs: 1,
    configVersion: snapshot.version,
    enforce,
  };
}

function count(replay: Replay, event: UsageEvent, costNanoUsd: NanoUsd, denial: Denial | null): void {
  replay.attempts += isCall(event) ? 1 : 0;
  replay.costNanoUsd += costNanoUsd;
  if (denial === null) return;
  replay.denials += 1;
  replay.stoppedNanoUsd += costNanoUsd;
  const { team, feature } = event.attribution;
  const { budgetId } = denial;
  let row = replay.touched.find(
    (known) => known.budgetId === budgetId && known.team === team && known.feature === feature,
  );
  if (row === undefined) {
    row = { budgetId, team, feature, denials: 0, firstMs: event.budgetInstantMs, stoppedNanoUsd: 0n };
    replay.touched.push(row);
  }
  row.denials += 1;
  row.stoppedNanoUsd += costNanoUsd;
}

function earliestPeriodStart({ budgets }: ConfigurationSnapshot, fromMs: number): number {
  const starts = budgets.map(({ period, timeZone }) =>
    countsFromMs(period, periodAt(period, timeZone, fromMs).startMs),
  );
  return Math.min(fromMs, ...starts);
}

function countsFromMs(unit: PeriodUnit, startMs: number): number {
  return isRolling(unit) ? Math.min(...partsInWindow(startMs, partMsOf(unit))) : startMs;
}

/** A correction can take more away than is left of an attempt; a gate counts no negative spend. */
function positive(amountNanoUsd: NanoUsd): NanoUsd {
  if (amountNanoUsd < 0n) return 0n;
  return amountNanoUsd;
}

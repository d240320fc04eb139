import type { GateSeed } from '@tallygate/gate';
import {
  type Attribution,
  type Budget,
  type BudgetGate,
  type ConfigurationSnapshot,
  emptyConfiguration,
  type Hold,
  type NanoUsd,
  nanoFromUsd,
  newAttemptId,
  type ReserveRequest,
} from '@tallygate/usage';

/** A gate to be tested, whatever it is made of, and the time that it believes in. */
export interface GateUnderTest {
  gate: BudgetGate;
  organization: string;
  nowMs(): number;
  /** Moves that time; back too. */
  advanceMs(durationMs: number): Promise<void>;
}

export interface GateConditions {
  startMs?: number;
  configuration?: ConfigurationSnapshot;
  seed?: Pick<GateSeed, 'lastSeq' | 'totals' | 'announced'>;
  /** Instead of `RECORD_GRACE_MS`. */
  recordGraceMs?: number;
}

/**
 * Opens an empty gate of an organization of its own. The suite relies on buckets of `BUCKET_MS`, and on attempts being
 * remembered for at least `RECORD_GRACE_MS`.
 */
export type OpenGate = (organization: string, conditions: GateConditions) => Promise<GateUnderTest>;

/** Opens a gate of an organization of its own in which these budgets are live as version 1. */
export type OpenWith = (budgets: Budget[], conditions?: GateConditions) => Promise<GateUnderTest>;

/** Titles, each with the scenario that proves it. */
export type Guarantees = Readonly<Record<string, (openWith: OpenWith, open: OpenGate) => Promise<void>>>;

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
export const BUCKET_MS = 60_000;
export const RECORD_GRACE_MS = 400 * DAY_MS;
export const START_MS = Date.UTC(2026, 9, 15, 12, 0, 30);

export const usd = nanoFromUsd;

export function attributionOf(team: string, feature = 'chat'): Attribution {
  return {
    team,
    feature,
    environment: 'test',
    userPseudonym: null,
    workflow: null,
    taskType: null,
    tags: {},
  };
}

export function budgetOf(id: string, limit: NanoUsd, parts: Partial<Budget> = {}): Budget {
  return { id, scope: {}, period: 'month', timeZone: 'UTC', limit, onOutage: 'block', ...parts };
}

export function snapshotOf(organization: string, version: number, budgets: Budget[]): ConfigurationSnapshot {
  return { ...emptyConfiguration(organization), version, budgets };
}

/** A request of $0.10, at most $0.10, for ten minutes, by team support. */
export function requestOf(parts: Partial<ReserveRequest> = {}): ReserveRequest {
  const expectedNanoUsd = parts.expectedNanoUsd ?? usd('0.10');
  return {
    attemptId: newAttemptId(),
    attribution: attributionOf('support'),
    models: ['claude-sonnet-5'],
    expectedNanoUsd,
    worstNanoUsd: expectedNanoUsd,
    ttlMs: 10 * MINUTE_MS,
    configVersion: 1,
    enforce: true,
    ...parts,
  };
}

/** Reserves what must fit. */
export async function held(gate: BudgetGate, parts: Partial<ReserveRequest> = {}): Promise<Hold> {
  const reply = await gate.reserve(requestOf(parts));
  if (reply.kind !== 'held') throw new Error(`The gate answered ${reply.kind} where the amount fits.`);
  return reply.hold;
}

/** Spent and held per budget id, in nano-USD. */
export async function counters(gate: BudgetGate): Promise<Record<string, { spent: NanoUsd; held: NanoUsd }>> {
  const balances = await gate.balances();
  return Object.fromEntries(balances.map(({ budget, spent, held }) => [budget.id, { spent, held }]));
}

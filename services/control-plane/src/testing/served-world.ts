import type { Cause, Reconciliation } from '@tallygate/reconcile';
import {
  type BatchOwners,
  type Budget,
  type BudgetGate,
  type Clock,
  type ConfigurationSnapshot,
  emptyConfiguration,
  type Logger,
  nanoFromUsd,
  type SealedSegment,
  type StoredReport,
  toWireJson,
} from '@tallygate/usage';
import type { LastReconciliation } from 'tallygate';
import type { ServedRuntime } from '../routes/parts.ts';
import { type MemoryHistory, memoryHistory } from './memory-history.ts';

/** A small organization, "acme", on Saturday 21 November 2026, 14:08 UTC. */
export const NOW_MS = Date.UTC(2026, 10, 21, 14, 8);
export const TOKEN = 'a-token-of-the-data-directory-0123456789';
export const clock: Clock = { nowMs: () => NOW_MS, monotonicMs: () => 0 };

export interface ServedWorld {
  runtime: ServedRuntime;
  history: MemoryHistory;
  segments: SealedSegment[];
  logger: Logger;
  /** Everything that was logged, one JSON line per call. */
  logged: string[];
}

/** Nobody pays for any batch, and nobody is remembered. */
const NO_BATCHES: BatchOwners = {
  put: async (owner) => owner,
  get: async () => null,
  markEnded: async () => null,
  countedItems: async () => new Set(),
  markItemsCounted: async () => 0,
};

export function servedWorld(gate: BudgetGate, changes: Partial<ServedRuntime> = {}): ServedWorld {
  const history = memoryHistory();
  const segments: SealedSegment[] = [];
  const destination = { store: async (segment: SealedSegment) => void segments.push(segment) };
  const logged: string[] = [];
  const log = (message: string, fields?: object) => void logged.push(toWireJson({ message, ...fields }));
  const remoteBackend = { gate, destination, history, batchOwners: NO_BATCHES };
  return {
    runtime: {
      ...{ organization: 'acme', gate, remoteBackend, spoolStatus: async () => null, token: TOKEN },
      ...changes,
    },
    history,
    segments,
    logger: { debug: log, info: log, warn: log, error: log },
    logged,
  };
}

export function budgetOf(id: string, limitUsd: string, scope: Budget['scope'] = {}): Budget {
  const limit = nanoFromUsd(limitUsd);
  return { id, scope, period: 'month', timeZone: 'Europe/Berlin', limit: limit, onOutage: 'block' };
}

export function configurationOf(
  budgets: Budget[],
  teams: Record<string, string> = {},
): ConfigurationSnapshot {
  return {
    ...emptyConfiguration('acme'),
    version: 1,
    budgets,
    teams: Object.entries(teams).map(([id, name]) => ({
      id,
      name,
      aliases: [],
      costCentre: null,
      owners: [],
    })),
  };
}

/** 1.25 recorded, three causes, a cent left over: 1.263 billed. Every figure is in pico-USD. */
export function reconciliationOf(changes: Partial<Reconciliation> = {}): Reconciliation {
  const causes = [
    causeOf('rounding', -400n),
    causeOf('aborted_estimate', 2_400_000_000n),
    causeOf('code_execution', 600_000_400n),
  ];
  const explainedPicoUsd = causes.reduce((sum, { amountPicoUsd }) => sum + amountPicoUsd, 0n);
  const internalPicoUsd = 1_250_000_000_000n;
  const residualPicoUsd = 10_000_000_000n;
  const billedPicoUsd = internalPicoUsd + explainedPicoUsd + residualPicoUsd;
  const fromMs = Date.UTC(2026, 10, 20);
  return {
    version: 2,
    organization: 'acme',
    fromMs,
    toMs: fromMs + 2 * 86_400_000,
    createdAtMs: NOW_MS - 3 * 60_000,
    internalPicoUsd,
    billedPicoUsd,
    variancePicoUsd: billedPicoUsd - internalPicoUsd,
    explainedPicoUsd,
    residualPicoUsd,
    tolerancePicoUsd: 0n,
    coverage: { listPicoUsd: billedPicoUsd, darkPicoUsd: 0n, percent: 100 },
    verdicts: { tokens: 'explained', money: 'differs', requests: 'agrees' },
    differences: null,
    days: [
      { dayMs: fromMs, state: 'provisional' },
      { dayMs: fromMs + 86_400_000, state: 'open' },
    ],
    variances: [],
    causes,
    unexplained: [],
    unexplainedPlaces: 0,
    elsewhere: [],
    caveats: [],
    freshness: [],
    ...changes,
  };
}

/** As it is read back, of the only bill that there is. */
export function lastOf(changes: Partial<Reconciliation> = {}): LastReconciliation {
  const reconciliation = reconciliationOf(changes);
  return { reportId: 'report-1', providerOrganizationId: null, reconciliation };
}

const NO_TOKENS = {
  uncachedInputTokens: 0,
  cacheReadInputTokens: 0,
  cacheWrite5mInputTokens: 0,
  cacheWrite1hInputTokens: 0,
  outputTokens: 0,
  webSearchRequests: 0,
};

function causeOf(cause: Cause['cause'], amountPicoUsd: bigint): Cause {
  const dayMs = Date.UTC(2026, 10, 20);
  const charged = { tokens: NO_TOKENS, amountPicoUsd: 0n };
  const actual = { tokens: NO_TOKENS, amountPicoUsd };
  const seen = { dayMs, fromMs: dayMs, toMs: dayMs + 60_000, model: 'claude-a', apiKeyId: 'apikey_01' };
  return {
    cause,
    between: [],
    byKey: [],
    amountPicoUsd,
    places: 1,
    attempts: 3,
    evidence: [
      { ...seen, workspaceId: null, attempts: 3, description: null, charged, actual, amountPicoUsd },
    ],
  };
}

/** As the ledger keeps it: JSON, money as decimal strings. */
export function storedReportOf(reconciliation: Reconciliation, providerOrganizationId = ''): StoredReport {
  const { organization, fromMs, toMs, createdAtMs } = reconciliation;
  const body: unknown = JSON.parse(toWireJson(reconciliation));
  return {
    reportId: `report-1${providerOrganizationId}`,
    organization,
    providerOrganizationId,
    kind: 'reconciliation',
    fromMs,
    toMs,
    createdAtMs,
    body,
  };
}

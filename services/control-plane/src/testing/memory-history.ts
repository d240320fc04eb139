import {
  type ConfigVersionRecord,
  isoFromMs,
  type SpendDimension,
  type SpendHistory,
  type SpendRow,
  type StoredReport,
} from '@tallygate/usage';

/** One recorded call, as little of it as sums need. */
export interface RecordedCall {
  team: string;
  feature: string;
  endedAtMs: number;
  /** Default: when it ended. */
  admittedAtMs?: number;
  costNanoUsd: bigint;
  organization?: string;
}

export interface MemoryHistory extends SpendHistory {
  calls: RecordedCall[];
  denialsAtMs: number[];
  reports: StoredReport[];
}

/** A ledger in a list: it filters by organization and range and groups as asked, so that a wrong question gets a wrong answer. */
export function memoryHistory(): MemoryHistory {
  const records: ConfigVersionRecord[] = [];
  const history: MemoryHistory = {
    calls: [],
    denialsAtMs: [],
    reports: [],
    async spend({ organization, fromMs, toMs, by, groupBy }) {
      const rows = new Map<string, SpendRow>();
      for (const call of history.calls) {
        if ((call.organization ?? 'acme') !== organization) continue;
        const atMs = by === 'ended' ? call.endedAtMs : (call.admittedAtMs ?? call.endedAtMs);
        if (atMs < fromMs || atMs >= toMs) continue;
        const group = Object.fromEntries(
          groupBy.map((dimension) => [dimension, dimensionOf(call, dimension)]),
        );
        const key = JSON.stringify(group);
        rows.set(key, added(rows.get(key) ?? rowOf(group), call));
      }
      return [...rows.values()];
    },
    usage: () => Promise.reject(new TypeError('This ledger knows no rates.')),
    async counts({ fromMs, toMs }) {
      const denials = history.denialsAtMs.filter((atMs) => atMs >= fromMs && atMs < toMs).length;
      const events = history.calls.length;
      return { events, lines: events, duplicates: 0, settlements: 0, denials };
    },
    unknownUsage: async () => [],
    estimates: async () => [],
    settledTotals: async () => ({ lastSeq: 0, totals: [] }),
    settlementGaps: async () => [],
    usagePage: async () => ({ events: [], next: null }),
    knownEvents: async () => [],
    async lastReports(organization) {
      const own = history.reports.filter((report) => report.organization === organization);
      const newest = new Map(own.map((report) => [report.providerOrganizationId, report]));
      return own.filter((report) => newest.get(report.providerOrganizationId) === report).reverse();
    },
    saveReport: async (report) => void history.reports.push(report),
    lastConfigVersion: async () => records.at(-1) ?? null,
    denial: async () => null,
    configVersion: async ({ version }) => records.find((row) => row.version === version) ?? null,
    saveConfigVersion: async (record) => void records.push(record),
    recordAlert: async (alert) => ({ ...alert, outcome: 'waiting', detail: '', endedAtMs: null }),
    endAlert: async () => {},
    sentAlerts: async () => [],
    reportVersions: { append: unasked, newest: unasked, list: unasked, read: unasked },
    appendFinanceRecord: async () => {},
    financeRecords: async () => [],
  };
  return history;
}

const unasked = () => Promise.reject(new TypeError('This ledger keeps no reports of a provider.'));

function dimensionOf(call: RecordedCall, dimension: SpendDimension): string {
  if (dimension === 'team' || dimension === 'feature') return call[dimension];
  return dimension === 'day' ? `${isoFromMs(call.endedAtMs).slice(0, 10)}T00:00:00.000Z` : '';
}

function added(row: SpendRow, { costNanoUsd }: RecordedCall): SpendRow {
  return {
    ...row,
    calls: row.calls + 1,
    attempts: row.attempts + 1,
    listCostNanoUsd: row.listCostNanoUsd + costNanoUsd,
    contractedCostNanoUsd: row.contractedCostNanoUsd + costNanoUsd,
  };
}

function rowOf(group: SpendRow['group']): SpendRow {
  return {
    group,
    calls: 0,
    attempts: 0,
    failedAttempts: 0,
    usage: {
      uncachedInputTokens: 0,
      cacheReadInputTokens: 0,
      cacheWrite5mInputTokens: 0,
      cacheWrite1hInputTokens: 0,
      cacheWriteUnsplitInputTokens: 0,
      outputTokens: 0,
      webSearchRequests: 0,
      webFetchRequests: 0,
    },
    listCostNanoUsd: 0n,
    contractedCostNanoUsd: 0n,
    webSearchCostNanoUsd: 0n,
    roundingPicoUsd: 0n,
  };
}

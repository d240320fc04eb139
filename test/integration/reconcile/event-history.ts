import {
  isoFromMs,
  type ReportVersions,
  type SpendDimension,
  type SpendHistory,
  type SpendQuery,
  type SpendRow,
  type StoredReport,
  type UsageEvent,
  type UsageLine,
} from '@tallygate/usage';

/** A ledger in memory: the sums that the store's spend query promises, over events as the meter recorded them. */
export function historyOver(events: readonly UsageEvent[]): {
  history: SpendHistory;
  reports: StoredReport[];
} {
  const reports: StoredReport[] = [];
  const part: Partial<SpendHistory> = {
    spend: async (query) => spendOf(events, query),
    settlementGaps: async () => [],
    // No pull is stored here, so none can drift.
    reportVersions: { list: async () => [] } as Partial<ReportVersions> as ReportVersions,
    saveReport: async (report) => void reports.push(report),
    lastReports: async () => reports.slice(-1),
  };
  return { history: part as SpendHistory, reports };
}

function spendOf(events: readonly UsageEvent[], query: SpendQuery): SpendRow[] {
  const rows = new Map<string, SpendRow>();
  for (const event of events) {
    if (event.endedAtMs < query.fromMs || event.endedAtMs >= query.toMs) continue;
    for (const [index, line] of event.lines.entries()) {
      if (!isAsked(event, line, query)) continue;
      const group = Object.fromEntries(query.groupBy.map((name) => [name, dimension(event, line, name)]));
      const key = JSON.stringify(group);
      const row = rows.get(key) ?? emptyRow(group);
      rows.set(key, added(row, line, index === 0 ? 1 : 0));
    }
  }
  return [...rows.values()];
}

function isAsked(event: UsageEvent, line: UsageLine, { filter = {} }: SpendQuery): boolean {
  return Object.entries(filter).every(([name, values]) =>
    values.includes(dimension(event, line, name as SpendDimension)),
  );
}

function dimension(event: UsageEvent, line: UsageLine, name: SpendDimension): string {
  const startOf = (widthMs: number, instantMs = event.endedAtMs) =>
    isoFromMs(Math.floor(instantMs / widthMs) * widthMs);
  const values: Partial<Record<SpendDimension, string | null>> = {
    responseModel: line.responseModel,
    backend: event.backend,
    apiKeyId: event.apiKeyId,
    apiKeyHint: event.apiKeyHint,
    basis: event.basis,
    serviceTier: line.serviceTier,
    workspaceId: event.workspaceId,
    inferenceGeo: line.inferenceGeo,
    speed: line.speed,
    promptBand: line.promptBand,
    priceId: line.priceId,
    status: event.status,
    startedDay: startOf(86_400_000, event.startedAtMs),
    day: startOf(86_400_000),
    minute: startOf(60_000),
  };
  if (!(name in values)) throw new Error(`this ledger cannot group by ${name}`);
  return values[name] ?? '';
}

function emptyRow(group: SpendRow['group']): SpendRow {
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

function added(row: SpendRow, line: UsageLine, attempts: number): SpendRow {
  const classes = Object.keys(row.usage) as (keyof SpendRow['usage'])[];
  return {
    ...row,
    attempts: row.attempts + attempts,
    usage: Object.fromEntries(
      classes.map((name) => [name, row.usage[name] + line.usage[name]]),
    ) as SpendRow['usage'],
    listCostNanoUsd: row.listCostNanoUsd + line.listCostNanoUsd,
    contractedCostNanoUsd: row.contractedCostNanoUsd + line.contractedCostNanoUsd,
    webSearchCostNanoUsd: row.webSearchCostNanoUsd + line.webSearchCostNanoUsd,
    roundingPicoUsd: row.roundingPicoUsd + BigInt(line.roundingPicoUsd),
  };
}

import type { SpendDimension, SpendQuery, SpendRow, UsageEvent, UsageLine } from '@tallygate/usage';

interface Group {
  group: SpendRow['group'];
  members: [UsageEvent, UsageLine][];
}

/** The sums as a person with a pencil would make them: the model that SQL is compared with. */
export function naiveSpend(events: readonly UsageEvent[], query: SpendQuery): SpendRow[] {
  const groups = new Map<string, Group>();
  for (const event of events) {
    const instantMs = query.by === 'ended' ? event.endedAtMs : event.budgetInstantMs;
    if (event.organization !== query.organization || instantMs < query.fromMs || instantMs >= query.toMs)
      continue;
    for (const line of event.lines) {
      const group = Object.fromEntries(
        query.groupBy.map((dimension) => [
          dimension,
          dimensionOf(dimension, event, line, instantMs, query.tagKey),
        ]),
      );
      const key = JSON.stringify(group);
      const found: Group = groups.get(key) ?? { group, members: [] };
      found.members.push([event, line]);
      groups.set(key, found);
    }
  }
  return [...groups.values()].map(({ group, members }) => ({ group, ...sums(members) }));
}

/** Lines from here on correct others: they move money, and are nothing that was attempted. */
const FIRST_CORRECTION = 1_000;

function sums(members: [UsageEvent, UsageLine][]): Omit<SpendRow, 'group'> {
  const attempted = members.filter(([, { line }]) => line < FIRST_CORRECTION);
  const distinct = (pick: (event: UsageEvent) => string, among = attempted) =>
    new Set(among.map(([event]) => pick(event))).size;
  const tokens = (pick: (usage: UsageLine['usage']) => number) =>
    members.reduce((sum, [, line]) => sum + pick(line.usage), 0);
  const money = (pick: (line: UsageLine) => bigint) =>
    members.reduce((sum, [, line]) => sum + pick(line), 0n);
  return {
    calls: distinct(
      (event) => event.eventId,
      attempted.filter(([event]) => event.attemptNumber === 1),
    ),
    attempts: distinct((event) => event.eventId),
    failedAttempts: distinct(
      (event) => event.eventId,
      attempted.filter(([event]) => event.status === 'error'),
    ),
    usage: {
      uncachedInputTokens: tokens((usage) => usage.uncachedInputTokens),
      cacheReadInputTokens: tokens((usage) => usage.cacheReadInputTokens),
      cacheWrite5mInputTokens: tokens((usage) => usage.cacheWrite5mInputTokens),
      cacheWrite1hInputTokens: tokens((usage) => usage.cacheWrite1hInputTokens),
      cacheWriteUnsplitInputTokens: tokens((usage) => usage.cacheWriteUnsplitInputTokens),
      outputTokens: tokens((usage) => usage.outputTokens),
      webSearchRequests: tokens((usage) => usage.webSearchRequests),
      webFetchRequests: tokens((usage) => usage.webFetchRequests),
    },
    listCostNanoUsd: money((line) => line.listCostNanoUsd),
    contractedCostNanoUsd: money((line) => line.contractedCostNanoUsd),
    webSearchCostNanoUsd: money((line) => line.webSearchCostNanoUsd),
    roundingPicoUsd: money((line) => BigInt(line.roundingPicoUsd)),
  };
}

function dimensionOf(
  dimension: SpendDimension,
  event: UsageEvent,
  line: UsageLine,
  instantMs: number,
  tagKey = '',
): string {
  const iso = new Date(instantMs).toISOString();
  switch (dimension) {
    case 'team':
    case 'feature':
    case 'environment':
      return event.attribution[dimension];
    case 'requestModel':
    case 'status':
    case 'basis':
    case 'backend':
      return event[dimension];
    case 'apiKeyId':
    case 'apiKeyHint':
    case 'workspaceId':
    case 'providerOrganizationId':
      return event[dimension] ?? '';
    case 'responseModel':
    case 'lineType':
    case 'promptBand':
      return line[dimension];
    case 'serviceTier':
    case 'speed':
    case 'priceId':
    case 'inferenceGeo':
      return line[dimension] ?? '';
    case 'startedDay':
      return `${new Date(event.startedAtMs).toISOString().slice(0, 10)}T00:00:00.000Z`;
    case 'user':
      return event.attribution.userPseudonym ?? '';
    case 'workflow':
    case 'taskType':
      return event.attribution[dimension] ?? '';
    case 'tag':
      return event.attribution.tags[tagKey] ?? '';
    case 'month':
      return `${iso.slice(0, 7)}-01T00:00:00.000Z`;
    case 'day':
      return `${iso.slice(0, 10)}T00:00:00.000Z`;
    case 'hour':
      return `${iso.slice(0, 13)}:00:00.000Z`;
    case 'minute':
      return `${iso.slice(0, 16)}:00.000Z`;
  }
}

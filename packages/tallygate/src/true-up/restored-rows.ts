import type { StoredLine } from '@tallygate/admin-api';
import { resolveAttribution } from '@tallygate/meter';
import { charge, type PriceBook } from '@tallygate/pricing';
import {
  addTokens,
  countsBy,
  type Evidence,
  NO_TOKENS,
  sameTokens,
  sumTokens,
  type TokenCounts,
} from '@tallygate/reconcile';
import {
  type ConfigurationSnapshot,
  derivedEventId,
  NO_USAGE,
  type PicoUsd,
  type UsageEvent,
  type UsageLine,
} from '@tallygate/usage';
import { teamOfPlace } from '../allocation/index.ts';
import { TRUED_UP } from './corrected-guesses.ts';

/** By what a row that is lost is written anew. */
export interface RestoringTerms {
  snapshot: ConfigurationSnapshot;
  book: PriceBook;
  modelName(name: string): string;
}

export interface PulledBuckets {
  lines: readonly StoredLine[];
  /** Whose they are; empty: the provider did not say. */
  providerOrganizationId: string;
}

/** The provider's count on one set of terms. */
interface Counted {
  group: StoredLine['group'];
  tokens: TokenCounts;
}

/**
 * What a finding of lost rows is worth, as events of the provider's own count: one for each set of terms, since nobody knows how many
 * attempts they were. Null where the terms of the rest cannot be told, or where their price is not what the finding says.
 *
 * @param pulled the 1-minute buckets that it was read from.
 * @param flags for each row.
 */
export function restoredEvents(
  finding: Evidence,
  { lines, providerOrganizationId }: PulledBuckets,
  flags: readonly string[],
  terms: RestoringTerms,
): UsageEvent[] | null {
  const counted = countedIn(finding, lines, terms.modelName);
  if (counted === null) return null;
  const priced = counted.map((one) => pricedLine(one, finding, flags, terms));
  const sumPicoUsd = priced.reduce((sum, { listCostPicoUsd }) => sum + listCostPicoUsd, 0n);
  if (sumPicoUsd !== finding.actual.amountPicoUsd) return null;
  const whose = { providerOrganizationId: providerOrganizationId || null };
  return priced.map(({ line }, index) => ({
    ...eventOf(line, counted[index] as Counted, finding, terms),
    ...whose,
  }));
}

/** Where rows of ours share the minutes, the rest is on the provider's terms only if there is one set of them. */
function countedIn(
  { fromMs, toMs, model, apiKeyId, actual }: Evidence,
  lines: readonly StoredLine[],
  modelName: (name: string) => string,
): Counted[] | null {
  const groups = new Map<string, Counted>();
  for (const { startMs, group, figures } of lines) {
    const isOfKey = group['api_key_id'] === apiKeyId && modelName(group['model'] ?? '') === model;
    if (startMs < fromMs || startMs >= toMs || !isOfKey) continue;
    const key = JSON.stringify(Object.entries(group).sort());
    const before = groups.get(key)?.tokens ?? NO_TOKENS;
    const tokens = countsBy((tokenClass) => Number(figures[tokenClass] ?? 0n));
    groups.set(key, { group, tokens: addTokens(before, tokens) });
  }
  const counted = [...groups.values()];
  const isAllLost = sameTokens(sumTokens(counted.map(({ tokens }) => tokens)), actual.tokens);
  if (isAllLost) return counted;
  const [only, ...others] = counted;
  return only === undefined || others.length > 0 ? null : [{ ...only, tokens: actual.tokens }];
}

function pricedLine(
  { group, tokens }: Counted,
  { fromMs }: Evidence,
  evidence: readonly string[],
  { book, snapshot }: RestoringTerms,
): { line: UsageLine; listCostPicoUsd: PicoUsd } {
  const asked = {
    usage: { ...NO_USAGE, ...tokens },
    serviceTier: group['service_tier'] ?? null,
    speed: null,
    inferenceGeo: group['inference_geo'] ?? null,
    billed: true,
  };
  const responseModel = group['model'] ?? '';
  const where = { model: responseModel, backend: 'anthropic' as const, atMs: fromMs };
  const charged = charge(book, { ...asked, ...where, unpricedModels: snapshot.unpricedModels });
  const { listCostPicoUsd, contractId, flags, ...cost } = charged;
  const contract = contractId === null ? [] : [`contract:${contractId}`];
  const own = { line: 0, lineType: TRUED_UP, responseModel };
  return {
    listCostPicoUsd,
    line: { ...own, ...asked, ...cost, flags: [...flags, ...contract, TRUED_UP, ...evidence] },
  };
}

/** The same count of the same minutes is the same event, whichever reconciliation it is from. */
function eventOf(
  line: UsageLine,
  { group, tokens }: Counted,
  { fromMs, apiKeyId }: Evidence,
  { snapshot }: RestoringTerms,
): Omit<UsageEvent, 'providerOrganizationId'> {
  const workspaceId = group['workspace_id'] ?? null;
  const { organization } = snapshot;
  const named = JSON.stringify([
    organization,
    fromMs,
    Object.entries(group).sort(),
    Object.entries(tokens).sort(),
  ]);
  const eventId = derivedEventId(TRUED_UP, named);
  const nobodys = { defaults: { team: null, feature: null, environment: null }, pseudonymKey: null };
  const team = teamOfPlace(snapshot.teams)(apiKeyId, workspaceId) ?? undefined;
  const listed: ConfigurationSnapshot = { ...snapshot, unknownTeams: 'unassigned' };
  return {
    ...{ eventId, callId: eventId, attemptNumber: 1, organization },
    ...{ workspaceId, apiKeyId, apiKeyHint: null, backend: 'anthropic', requestModel: line.responseModel },
    attribution: resolveAttribution(
      { ...nobodys, mode: 'enforce' },
      listed,
      team === undefined ? {} : { team },
    ),
    ...{ requestId: null, messageId: null, traceId: null },
    ...{ startedAtMs: fromMs, endedAtMs: fromMs, budgetInstantMs: fromMs },
    // Counted by the provider, of a call whose outcome nobody here knows.
    ...{ status: 'unknown', basis: 'reported', httpStatus: null, errorCode: null, stopReason: null },
    ...{ streamed: false, latencyMs: null, timeToFirstTokenMs: null, configVersion: snapshot.version },
    ...{ stablePrefixHash: null, stablePrefixBytes: null, unknownUsage: null },
    lines: [line],
  };
}

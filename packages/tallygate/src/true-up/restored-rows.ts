import type { StoredLine } from '@tallygate/admin-api';
import { resolveAttribution } from '@tallygate/meter';
import { charge, type PriceBook } from '@tallygate/pricing';
import type { Evidence } from '@tallygate/reconcile';
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

type Tokens = Evidence['actual']['tokens'];

/** The provider's count on one set of terms. */
interface Counted {
  group: StoredLine['group'];
  tokens: Tokens;
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
    const before = groups.get(key)?.tokens;
    groups.set(key, {
      group,
      tokens: mapTokens(actual.tokens, (name) => (before?.[name] ?? 0) + Number(figures[name] ?? 0n)),
    });
  }
  const counted = [...groups.values()];
  const sum = mapTokens(actual.tokens, (name) =>
    counted.reduce((total, { tokens }) => total + tokens[name], 0),
  );
  const isAllLost = tokenNames(sum).every((name) => sum[name] === actual.tokens[name]);
  if (isAllLost) return counted;
  const [only, ...others] = counted;
  return only === undefined || others.length > 0 ? null : [{ ...only, tokens: actual.tokens }];
}

function tokenNames(tokens: Tokens): (keyof Tokens)[] {
  return Object.keys(tokens) as (keyof Tokens)[];
}

function mapTokens(like: Tokens, countOf: (name: keyof Tokens) => number): Tokens {
  return Object.fromEntries(tokenNames(like).map((name) => [name, countOf(name)])) as Tokens;
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

import { evidenceOf, type Findings } from './evidence.ts';
import { groupRows } from './group-rows.ts';
import {
  exactPicoUsd,
  isPriorityTier,
  type OurRow,
  ourRows,
  sumPico,
  type TheirRow,
  theirRows,
} from './joined-rows.ts';
import { MINUTE_MS, type Minute, minuteClusters } from './minute-clusters.ts';
import { priceReported } from './price-reported.ts';
import type { MinuteStretch, PriceTokens, ReconcileInput } from './reconcile-input.ts';
import type { Evidence, Reason, Unexplained } from './reconciliation.ts';
import { isNothing, sameTokens, sumTokens } from './token-counts.ts';

/**
 * The truth about attempts whose end we never saw: aborted streams, lost connections. We charged an estimate; the provider's
 * 1-minute buckets of the same (key, model) hold what was used.
 *
 * A bucket proves something only if nothing else can be in it. Hence, per run of adjacent minutes: no minute may hold an
 * estimated and a reported row of ours; every minute of reported rows must match the provider's count in every class, so that
 * none of it leaked next door; the run must be older than the provider's delay and must not touch the edge of what was read;
 * and our own charge must follow from our tokens at the bucket's terms, or these prices are not the ones it was billed at.
 * Where any of this fails the rows are listed with the reason and stay in the residual.
 */
export function abortedEstimateFindings(input: ReconcileInput): Findings {
  const evidence: Evidence[] = [];
  const unexplained: Unexplained[] = [];
  for (const stretch of input.minutes) {
    for (const subject of subjectsOf(stretch, input)) {
      const clusters = minuteClusters(subject.ours, subject.theirs);
      for (const cluster of clusters.filter(hasEstimate)) {
        const finding = judge(cluster, { input, stretch, subject, clusters });
        if (typeof finding === 'string') unexplained.push(unexplainedFrom(cluster, subject, finding));
        else evidence.push(finding);
      }
    }
  }
  return { evidence, unexplained };
}

/** One (key, model) and everything on it in the stretch. */
interface Subject {
  apiKeyId: string | null;
  model: string;
  ours: OurRow[];
  theirs: TheirRow[];
}

interface Circumstances {
  input: ReconcileInput;
  stretch: MinuteStretch;
  subject: Subject;
  /** Every run of the subject, this one included. */
  clusters: Minute[][];
}

function subjectsOf(stretch: MinuteStretch, input: ReconcileInput): Subject[] {
  // Priority rows are not on this bill; their cause takes back what we charged for them, estimated or not.
  const ours = ourRows(stretch.internal, 'minute', input).filter((row) => !row.isPriority);
  const theirs = theirRows(stretch.usage, input).filter((row) => !isPriorityTier(row.serviceTier));
  const keyOf = (row: { apiKeyId: string | null; model: string }) =>
    JSON.stringify([row.apiKeyId, row.model]);
  const theirsByKey = groupRows(theirs, keyOf);
  return [...groupRows(ours, keyOf)].map(([key, rows]) => {
    const [{ apiKeyId, model }] = rows;
    return { apiKeyId, model, ours: rows, theirs: theirsByKey.get(key) ?? [] };
  });
}

function judge(cluster: Minute[], circumstances: Circumstances): Evidence | Reason {
  return doubtAbout(cluster, circumstances) ?? evidenceFrom(cluster, circumstances);
}

function doubtAbout(cluster: Minute[], { input, stretch, subject, clusters }: Circumstances): Reason | null {
  const { fromMs, toMs } = spanOf(cluster);
  if (subject.apiKeyId === null) return 'key_unknown';
  if (toMs > stretch.toMs || toMs - MINUTE_MS > input.nowMs - input.reportDelayMs) return 'too_fresh';
  const isOpenEnd = stretch.toMs > input.nowMs - MINUTE_MS;
  if (fromMs === stretch.fromMs || (toMs === stretch.toMs && !isOpenEnd)) return 'at_edge';
  if (cluster.some(isShared)) return 'shared_bucket';
  if (cluster.every((minute) => minute.theirs.length === 0)) {
    // Nothing used is believable only if nothing lies about that could be it.
    return clusters.filter((other) => !hasEstimate(other)).every(isAccountedFor) ? null : 'not_reported';
  }
  return null;
}

/** Also when the bucket of a reported row does not match it: then part of it may be in the bucket beside. */
function isShared(minute: Minute): boolean {
  if (isNothing(minute.reportedTokens)) return false;
  return minute.estimated.length > 0 || !sameTokens(minute.reportedTokens, minute.theirTokens);
}

function isAccountedFor(cluster: Minute[]): boolean {
  const ours = sumTokens(cluster.map((minute) => minute.reportedTokens));
  return sameTokens(ours, sumTokens(cluster.map((minute) => minute.theirTokens)));
}

function evidenceFrom(cluster: Minute[], { input, subject }: Circumstances): Evidence | Reason {
  const { fromMs, toMs } = spanOf(cluster);
  const rows = cluster.flatMap((minute) => minute.estimated);
  const theirs = cluster
    .filter((minute) => isNothing(minute.reportedTokens))
    .flatMap((minute) => minute.theirs);
  const attempts = rows.reduce((sum, row) => sum + row.attempts, 0);
  const actualPicoUsd = priceAll(input.price, theirs, attempts === 1 && theirs.length === 1);
  if (actualPicoUsd === null) return 'price_ambiguous';
  if (!rows.every((row) => isReproduced(row, theirs, input.price))) return 'charge_not_reproduced';
  return evidenceOf({
    dayMs: dayOf(rows[0]?.atMs ?? fromMs),
    fromMs,
    toMs,
    model: subject.model,
    apiKeyId: subject.apiKeyId,
    attempts,
    description: null,
    charged: {
      tokens: sumTokens(rows.map((row) => row.tokens)),
      amountPicoUsd: sumPico(rows.map(exactPicoUsd)),
    },
    actual: { tokens: sumTokens(theirs.map((row) => row.tokens)), amountPicoUsd: actualPicoUsd },
  });
}

function priceAll(price: PriceTokens, rows: readonly TheirRow[], isOneRequest: boolean): bigint | null {
  let sumPicoUsd = 0n;
  for (const row of rows) {
    const amountPicoUsd = priceReported(price, row, isOneRequest);
    if (amountPicoUsd === null) return null;
    sumPicoUsd += amountPicoUsd;
  }
  return sumPicoUsd;
}

/**
 * Does our charge follow from our tokens, at the bucket's terms or at the plain ones? The reports of a minute do not tell
 * fast mode or a contract price; a charge that was made on such terms fails here instead of being explained wrongly.
 */
function isReproduced(row: OurRow, theirs: readonly TheirRow[], price: PriceTokens): boolean {
  const plain = { serviceTier: null, inferenceGeo: null, contextWindow: null };
  return [plain, ...theirs].some((terms) => {
    const asCharged = { ...terms, atMs: row.atMs, model: row.model, tokens: row.tokens };
    return priceReported(price, asCharged, row.attempts === 1) === exactPicoUsd(row);
  });
}

function unexplainedFrom(cluster: Minute[], subject: Subject, reason: Reason): Unexplained {
  const rows = cluster.flatMap((minute) => minute.estimated);
  const attempts = rows.reduce((sum, row) => sum + row.attempts, 0);
  const { apiKeyId, model } = subject;
  const span = spanOf(cluster);
  return { cause: 'aborted_estimate', reason, dayMs: dayOf(span.fromMs), ...span, model, apiKeyId, attempts };
}

function hasEstimate(cluster: Minute[]): boolean {
  return cluster.some((minute) => minute.estimated.length > 0);
}

function spanOf(cluster: Minute[]): { fromMs: number; toMs: number } {
  return { fromMs: cluster[0]?.atMs ?? 0, toMs: (cluster.at(-1)?.atMs ?? 0) + MINUTE_MS };
}

function dayOf(instantMs: number): number {
  return Math.floor(instantMs / 86_400_000) * 86_400_000;
}

import { randomUUID } from 'node:crypto';
import {
  type Clock,
  type ConfigurationSnapshot,
  emptyConfiguration,
  type Hold,
  type Logger,
} from '@tallygate/usage';
import { bucketEndMs, currentBucket, DEFAULT_BUCKET_MS } from './buckets.ts';
import { createPeriodCalendar, type PeriodCalendar } from './budget-periods.ts';
import { createEndedAttempts, type EndedAttempts } from './ended-attempts.ts';
import { createExpiringMap, type ExpiringMap } from './expiring-map.ts';
import { createMemoryCounters, type MemoryCounters } from './memory-counters.ts';
import { createMemoryOutbox, type MemoryOutbox } from './memory-outbox.ts';
import type { Pace } from './pace.ts';
import { requireSnapshot } from './requests.ts';
import {
  announcedByCounter,
  DEFAULT_RECORD_GRACE_MS,
  type GateSeed,
  periodEndBoundMs,
  totalsByPeriod,
  UNENDED_MS,
} from './seeds.ts';

/** What the gate in process remembers, and the few ways in which it changes. */

export interface MemoryGateOptions {
  organization: string;
  clock: Clock;
  logger?: Logger;
  /** What is live at the start; without it nothing is budgeted until somebody publishes. */
  configuration?: ConfigurationSnapshot;
  /** What the ledger knows was settled before. Without it the counters begin at zero. */
  seed?: Pick<GateSeed, 'lastSeq' | 'totals' | 'announced'>;
  /** What a gate before this one held, as far as it has not been ended: it counts until it is, or until its time is over. */
  holds?: readonly Hold[];
  /** Width of an expiry bucket: how much longer than its TTL a hold may live. Default one minute. */
  bucketMs?: number;
  /** How long an ended attempt is remembered, so that repeating its settlement changes nothing. Default one hour. */
  recordGraceMs?: number;
}

export interface MemoryState {
  readonly organization: string;
  readonly clock: Clock;
  readonly bucketMs: number;
  readonly recordGraceMs: number;
  readonly epoch: string;
  readonly calendar: PeriodCalendar;
  readonly counters: MemoryCounters;
  /** Of attempts that nobody has ended, those that time has ended among them. */
  readonly holds: ExpiringMap<Hold>;
  readonly ended: EndedAttempts;
  readonly outbox: MemoryOutbox;
  /** Of budgets that have a breaker, by budget. */
  readonly paces: ExpiringMap<Pace>;
  live: ConfigurationSnapshot;
  seq: number;
  /** Buckets below it were declared past. */
  watermark: number;
}

export function createMemoryState(options: MemoryGateOptions): MemoryState {
  const { organization, clock, seed, bucketMs = DEFAULT_BUCKET_MS } = options;
  const { recordGraceMs = DEFAULT_RECORD_GRACE_MS } = options;
  const live = options.configuration ?? emptyConfiguration(organization);
  requireSnapshot(organization, live);
  const state: MemoryState = {
    organization,
    clock,
    bucketMs,
    recordGraceMs,
    epoch: randomUUID(),
    calendar: createPeriodCalendar(),
    counters: createMemoryCounters(bucketMs),
    holds: createExpiringMap(bucketMs),
    ended: createEndedAttempts(recordGraceMs),
    outbox: createMemoryOutbox(clock),
    paces: createExpiringMap(bucketMs),
    live: structuredClone(live),
    seq: seed?.lastSeq ?? 0,
    watermark: 0,
  };
  for (const [key, amount] of totalsByPeriod(seed?.totals ?? [])) {
    state.counters.spend(key, amount, periodEndBoundMs(key) + recordGraceMs, 0);
  }
  for (const hold of options.holds ?? []) putBack(state, hold);
  for (const announced of announcedByCounter(seed?.announced).values())
    state.counters.markAnnounced(announced);
  return state;
}

/** A spool that had to move has it twice. */
function putBack(state: MemoryState, hold: Hold): void {
  const isLive = hold.expiryBucket >= readTime(state).current;
  if (hold.organization !== state.organization || !isLive || state.holds.get(hold.attemptId)) return;
  placeHold(state, { ...hold, epoch: state.epoch });
}

/** Reads the clock once per decision. Windows count by `atMs`: what has left one stays out, even when the clock steps back. */
export function readTime({ clock, bucketMs, watermark }: MemoryState): {
  nowMs: number;
  current: number;
  atMs: number;
} {
  const nowMs = clock.nowMs();
  const current = currentBucket(nowMs, bucketMs, watermark);
  return { nowMs, current, atMs: Math.max(nowMs, current * bucketMs) };
}

/** What is past stays past, even when the clock steps back; and what nobody can ask for any more is forgotten. */
export function passTime(state: MemoryState, nowMs: number, current: number): void {
  if (current === state.watermark) return;
  state.watermark = current;
  state.counters.forgetBefore(nowMs);
  state.holds.forgetBefore(nowMs);
  state.ended.forgetBefore(nowMs);
  state.paces.forgetBefore(nowMs);
}

/** Counts the hold on each of its periods and remembers it. */
export function placeHold(state: MemoryState, hold: Hold): void {
  const endMs = bucketEndMs(hold.expiryBucket, state.bucketMs);
  for (const entry of hold.entries) {
    const keepUntilMs = Math.max(entry.periodEndMs, endMs) + state.recordGraceMs;
    state.counters.hold(entry, hold.expiryBucket, state.watermark, keepUntilMs);
  }
  state.holds.put(hold.attemptId, hold, endMs + Math.max(state.recordGraceMs, UNENDED_MS));
}

/** Takes the hold back from its periods and forgets it. */
export function liftHold(state: MemoryState, hold: Hold): void {
  for (const entry of hold.entries) state.counters.drop(entry, hold.expiryBucket);
  state.holds.delete(hold.attemptId);
}

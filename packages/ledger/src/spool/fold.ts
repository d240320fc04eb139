/**
 * Many outcomes as few, for a disk that is full: those of the same minute that agree in everything a report distinguishes become
 * one, whose lines are the sums of theirs. Every sum stays exact; the number of attempts, their ids and latencies are lost. Such a row says so:
 * its lines carry the flag `folded:<attempts>`.
 */
import {
  addBilledCounts,
  derivedEventId,
  type TokenUsage,
  type UsageEvent,
  type UsageLine,
} from '@tallygate/usage';
import type { FactRecord } from './read-segment.ts';

const MINUTE_MS = 60_000;
/** What a line may hold of it: beyond that another row begins. */
const ROUNDING_PICO_USD_MAX = 500;

interface Group {
  events: UsageEvent[];
  /** Sums per line. */
  roundings: number[];
}

/** @param source names the file whose outcomes they are: the same outcomes of the same file give the same rows. */
export function foldEvents(events: readonly UsageEvent[], source: string): UsageEvent[] {
  const groups = new Map<string, Group[]>();
  for (const event of events) {
    const key = sameness(event);
    const known = groups.get(key) ?? [];
    if (known.length === 0) groups.set(key, known);
    const fitting = known.find((group) => fits(group, event));
    if (fitting === undefined) known.push({ events: [event], roundings: roundingsOf(event) });
    else add(fitting, event);
  }
  return [...groups.values()].flat().map((group, index) => folded(group.events, `${source}#${index}`));
}

/**
 * All facts of a file with its outcomes folded. @param mayGo false for an outcome that somebody still has to find as it is.
 */
export function foldFacts(
  facts: readonly FactRecord[],
  source: string,
  mayGo: (eventId: string) => boolean,
): FactRecord[] {
  const events: UsageEvent[] = [];
  const others: FactRecord[] = [];
  for (const fact of facts) {
    if (fact.kind === 'outcome' && isFoldable(fact.event) && mayGo(fact.event.eventId))
      events.push(fact.event);
    else others.push(fact);
  }
  const rows = foldEvents(events, source);
  return [...rows.map((event) => ({ kind: 'outcome' as const, event, hold: null })), ...others];
}

/** Only what this process made itself: a row whose id tells where it came from may be recorded again, and must count once. */
function isFoldable(event: UsageEvent): boolean {
  return event.eventId[14] === '7' && event.unknownUsage === null;
}

/** Everything but sums, ids and durations; instants by their minute. */
function sameness(event: UsageEvent): string {
  const { eventId, callId, attemptNumber, requestId, messageId, traceId, latencyMs, ...rest } = event;
  const { timeToFirstTokenMs, stablePrefixHash, stablePrefixBytes, ladderSteps, estimate, lines, ...same } =
    rest;
  return JSON.stringify({
    ...same,
    startedAtMs: minuteOf(event.startedAtMs),
    endedAtMs: minuteOf(event.endedAtMs),
    budgetInstantMs: minuteOf(event.budgetInstantMs),
    lines: lines.map((line) => ({
      ...line,
      usage: line.usage.thinkingTokens === null,
      listCostNanoUsd: null,
      contractedCostNanoUsd: null,
      webSearchCostNanoUsd: null,
      roundingPicoUsd: null,
    })),
  });
}

function minuteOf(instantMs: number): number {
  return Math.floor(instantMs / MINUTE_MS);
}

function roundingsOf(event: UsageEvent): number[] {
  return event.lines.map((line) => line.roundingPicoUsd);
}

function fits({ roundings }: Group, event: UsageEvent): boolean {
  return event.lines.every(
    (line, index) => Math.abs((roundings[index] ?? 0) + line.roundingPicoUsd) <= ROUNDING_PICO_USD_MAX,
  );
}

function add(group: Group, event: UsageEvent): void {
  group.events.push(event);
  group.roundings = group.roundings.map((sum, index) => sum + (event.lines[index]?.roundingPicoUsd ?? 0));
}

function folded(events: readonly UsageEvent[], key: string): UsageEvent {
  const [first, ...others] = events as [UsageEvent, ...UsageEvent[]];
  if (others.length === 0) return first;
  const eventId = derivedEventId('folded', key);
  return {
    ...first,
    eventId,
    callId: eventId,
    attemptNumber: 1,
    requestId: null,
    messageId: null,
    traceId: null,
    latencyMs: meanLatencyMs(events),
    timeToFirstTokenMs: null,
    stablePrefixHash: null,
    stablePrefixBytes: null,
    ladderSteps: undefined,
    estimate: undefined,
    lines: first.lines.map((line, index) => ({
      ...others.reduce((sum, event) => addLine(sum, event.lines[index] ?? line), line),
      flags: [...line.flags, `folded:${events.length}`],
    })),
  };
}

/** Of those that have one: a missing latency is none of 0 ms. */
function meanLatencyMs(events: readonly UsageEvent[]): number | null {
  const latencies = events.flatMap(({ latencyMs }) => latencyMs ?? []);
  if (latencies.length === 0) return null;
  return Math.round(latencies.reduce((sum, latencyMs) => sum + latencyMs, 0) / latencies.length);
}

function addLine(left: UsageLine, right: UsageLine): UsageLine {
  return {
    ...left,
    usage: addUsage(left.usage, right.usage),
    listCostNanoUsd: left.listCostNanoUsd + right.listCostNanoUsd,
    contractedCostNanoUsd: left.contractedCostNanoUsd + right.contractedCostNanoUsd,
    webSearchCostNanoUsd: left.webSearchCostNanoUsd + right.webSearchCostNanoUsd,
    roundingPicoUsd: left.roundingPicoUsd + right.roundingPicoUsd,
  };
}

function addUsage(left: TokenUsage, right: TokenUsage): TokenUsage {
  const thinkingTokens =
    left.thinkingTokens === null ? null : left.thinkingTokens + (right.thinkingTokens ?? 0);
  return { ...addBilledCounts(left, right), thinkingTokens };
}

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openSpool, openUsageStore } from '@tallygate/ledger';
import {
  type Clock,
  newAttemptId,
  type SegmentDestination,
  TallygateError,
  type UsageEvent,
} from '@tallygate/usage';
import { usageEvent, usageLine } from '../contract/usage-fixtures.ts';
import { type BareLedger, openBareLedger } from './ledger-bare.ts';
import type { ShowProgress } from './run.ts';

/** From the call of an application to a row in the ledger, beside what the engine takes for the same rows by itself. */
export interface IngestBench {
  appendMicrosPerEvent: number;
  drainRowsPerSecond: number;
  bareInsertRowsPerSecond: number;
  ratio: number;
}

/** Each round records, drains, and inserts the same rows bare: what slows the machine for a while slows both. */
const ROUNDS = 10;
const EVENTS_PER_TURN = 1_000;
const HOUR_MS = 3_600_000;
/** Of an hour of 100,000 rows, what one insert holds. */
const PORTION_MS = HOUR_MS / 20;
const clock: Clock = { nowMs: Date.now, monotonicMs: () => performance.now() };

export async function benchIngest(
  rows: number,
  directory: string,
  showProgress: ShowProgress,
): Promise<IngestBench> {
  const ledger = join(directory, 'ledger');
  const store = await openUsageStore({ kind: 'embedded', directory: ledger }, { clock });
  const bare = await openBareLedger(ledger);
  const spent = { appendMs: 0, drainMs: 0, bareMs: 0 };
  const startMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - ROUNDS * HOUR_MS;
  const perRound = Math.ceil(rows / ROUNDS);
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const fromMs = startMs + round * HOUR_MS;
      const { appendMs, drainMs } = await recordAndDrain(perRound, fromMs, join(directory, 'spool'), store);
      spent.appendMs += appendMs;
      spent.drainMs += drainMs;
      spent.bareMs += await bareInsert(bare, perRound, fromMs);
      showProgress(round + 1, ROUNDS, 'rounds of recording, draining and inserting bare');
    }
  } finally {
    await bare.close();
    await store.close();
  }
  const perSecond = (ms: number) => Math.round((perRound * ROUNDS * 1_000) / ms);
  return {
    appendMicrosPerEvent: Math.round((spent.appendMs * 10_000) / (perRound * ROUNDS)) / 10,
    drainRowsPerSecond: perSecond(spent.drainMs),
    bareInsertRowsPerSecond: perSecond(spent.bareMs),
    ratio: Math.round((spent.bareMs * 1_000) / spent.drainMs) / 1_000,
  };
}

/** The store is away while usage is recorded, so that all of it lies in sealed segments when draining begins. */
async function recordAndDrain(count: number, fromMs: number, directory: string, store: SegmentDestination) {
  let away = true;
  const destination: SegmentDestination = {
    store: (segment) => (away ? Promise.reject(storeIsAway()) : store.store(segment)),
  };
  const spool = await openSpool({ directory, destination, clock });
  let appendMs = 0;
  for (let first = 0; first < count; first += EVENTS_PER_TURN) {
    const events = Array.from({ length: Math.min(EVENTS_PER_TURN, count - first) }, (_, index) =>
      madeEvent(fromMs + Math.floor(((first + index) * HOUR_MS) / count), first + index),
    );
    const startedMs = performance.now();
    for (const event of events) spool.recordOutcome(event, null);
    appendMs += performance.now() - startedMs;
    await nextTurn();
  }
  await spool.flush();
  away = false;
  const startedMs = performance.now();
  const { stored, pending } = await spool.flush();
  const drainMs = performance.now() - startedMs;
  await spool.close();
  if (stored !== count || pending > 0) throw new Error(`${stored} of ${count} events were drained`);
  return { appendMs, drainMs };
}

/** In portions, since the rows pass through this process once more to get there; only their inserts are timed. */
async function bareInsert(bare: BareLedger, count: number, fromMs: number): Promise<number> {
  const spent = { rows: 0, insertMs: 0 };
  for (let atMs = fromMs; atMs < fromMs + HOUR_MS; atMs += PORTION_MS) {
    const { rows, insertMs } = await bare.insertAgain(atMs, atMs + PORTION_MS);
    spent.rows += rows;
    spent.insertMs += insertMs;
  }
  if (spent.rows !== count) throw new Error(`${spent.rows} of ${count} rows were in the ledger`);
  return spent.insertMs;
}

function storeIsAway(): TallygateError {
  return new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', { message: 'The ledger is away for now.' });
}

/** One application's usage: 8 teams, 24 features, 500 users, provider ids as random and as long as real ones. */
function madeEvent(atMs: number, number: number): UsageEvent {
  const eventId = newAttemptId();
  const feature = (number * 7) % 24;
  const [input, output, cached] = [20 + (number % 997), 40 + (number % 743), 500 * (feature % 5)];
  const cost = BigInt(input * 3_000 + output * 15_000 + cached * 300);
  return usageEvent({
    eventId,
    callId: eventId,
    organization: 'bench',
    attribution: {
      team: `team-${feature % 8}`,
      feature: `feature-${feature}`,
      environment: number % 10 === 0 ? 'staging' : 'production',
      userPseudonym: `user-pseudonym-of-22-${number % 500}`,
      workflow: null,
      taskType: null,
      tags: { region: number % 2 === 0 ? 'eu' : 'us' },
    },
    requestId: `req_011C${randomBytes(15).toString('base64url')}`,
    messageId: `msg_01${randomBytes(17).toString('base64url').slice(0, 22)}`,
    startedAtMs: atMs,
    endedAtMs: atMs + 900 + output * 9,
    budgetInstantMs: atMs,
    latencyMs: 900.25 + output * 9,
    timeToFirstTokenMs: 300.5 + (number % 211),
    lines: [
      usageLine({
        usage: {
          ...usageLine().usage,
          uncachedInputTokens: input,
          outputTokens: output,
          cacheReadInputTokens: cached,
        },
        listCostNanoUsd: cost,
        contractedCostNanoUsd: cost,
      }),
    ],
  });
}

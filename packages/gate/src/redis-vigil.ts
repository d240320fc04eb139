import type { Clock, Hold, Logger, NanoUsd } from '@tallygate/usage';
import { entriesToText } from './attempt-record.ts';
import type { PinnedPeriod } from './budget-periods.ts';
import type { RedisKeys } from './keys.ts';
import { type Answer, createLastAnswer } from './last-answer.ts';
import { createLiveHolds, type LiveHold } from './live-holds.ts';
import { createRecounts } from './recounts.ts';
import type { RedisConnection } from './redis-connection.ts';
import { unknownReply } from './redis-replies.ts';
import { createWatch } from './watch.ts';

/**
 * Watches over what Redis told this process. A flush, an empty replica or a failover can take it back without any call noticing, and
 * money that is being spent would be given out again. So a process that was told something lately looks a few times a second,
 * and after a loss puts its holds back before budgets admit more.
 */
export interface RedisVigil {
  held(hold: Hold, ttlMs: number): void;
  ended(attemptId: string, epoch: string): void;
  endedInLease(part: EndedPart): void;
  /** Called when something was lost, before holds are put back. */
  onLoss(listener: () => void): void;
  /** Puts all holds back. @returns periods whose counters must be rebuilt first. */
  reassert(): Promise<PinnedPeriod[]>;
  close(): void;
}

/** What a lease does not hold any more, and where Redis wrote so. */
export interface EndedPart {
  leaseId: string;
  expectedNanoUsd: NanoUsd;
  worstNanoUsd: NanoUsd;
  /** Null when idle money only was given back, of which nothing is written. */
  written: { field: string; epoch: string } | null;
}

export interface VigilOptions {
  clock: Clock;
  logger: Logger;
  connection: RedisConnection;
  keys: RedisKeys;
  recordGraceMs: number;
  timeValues(): string[];
  /** Begins a new epoch; in the place of one that has lost something, too. */
  begin(lostEpoch: string): Promise<void>;
  rebuild(missing: readonly PinnedPeriod[]): Promise<void>;
  recount(): Promise<void>;
  /** What this process has settled must be in the ledger before it is asked for sums. */
  shipSettled(): Promise<void>;
}

/** A process that begins its work in such an epoch may ship what a dead one settled in the epoch before. */
const YOUNG_MS = 600_000;

export function createRedisVigil(options: VigilOptions): RedisVigil {
  const { clock, logger, connection, keys } = options;
  const holds = createLiveHolds(clock);
  const answers = createLastAnswer(clock, options.recordGraceMs);
  const lossListeners: (() => void)[] = [];
  /** In which everything that this process holds stands in Redis; null before it was told anything. */
  let epoch: string | null = null;
  let hasLooked = false;

  const reassert = async (): Promise<PinnedPeriod[]> => {
    const missing = await Promise.all(holds.all().map((live) => assert(options, live)));
    return missing.flat();
  };
  const recounts = createRecounts(() =>
    options.recount().catch((error: unknown) => {
      logger.debug('The ledger does not tell what it knows by now.', { reason: String(error) });
    }),
  );
  const follow = async (live: string): Promise<void> => {
    for (const listener of lossListeners) listener();
    const missing = await reassert();
    await options.shipSettled();
    // Asked again when they are there.
    if (missing.length > 0) return options.rebuild(missing);
    epoch = live;
    recounts.begin();
  };
  const look = async (): Promise<void> => {
    const asked = answers.toAsk();
    const { code, values } = await pulse(options, asked);
    const [live = '', ageMs = ''] = values;
    if (code !== 'OK') return options.begin(code === 'LOST' ? live : '');
    answers.isKnown(asked);
    if (!hasLooked && Number(ageMs) < YOUNG_MS) recounts.begin();
    hasLooked = true;
    epoch ??= live;
    if (epoch !== live) await follow(live);
  };
  const watch = createWatch(
    clock,
    () => holds.all().length > 0,
    () =>
      look().catch((error: unknown) => {
        logger.debug('Redis does not tell what it still knows.', { reason: String(error) });
      }),
  );
  const note = (answer: Answer): void => {
    epoch ??= answer.epoch;
    answers.note(answer);
    watch.goOn();
  };
  connection.onReady(() => {
    answers.reconnected();
    watch.lookNow();
  });

  return {
    held(hold, ttlMs) {
      if (hold.entries.length === 0) return;
      holds.add(hold, ttlMs);
      note({ key: keys.attempt(hold.attemptId), stands: 'held', epoch: hold.epoch });
    },
    ended(attemptId, endedIn) {
      holds.remove(attemptId);
      note({ key: keys.attempt(attemptId), stands: 'ended', epoch: endedIn });
    },
    endedInLease({ leaseId, expectedNanoUsd, worstNanoUsd, written }) {
      holds.reduce(leaseId, expectedNanoUsd, worstNanoUsd);
      if (written === null) return;
      note({ key: keys.endings(leaseId), stands: `ending ${written.field}`, epoch: written.epoch });
    },
    onLoss: (listener) => void lossListeners.push(listener),
    reassert,
    close() {
      watch.stop();
      recounts.stop();
    },
  };
}

async function pulse(
  { connection, keys }: VigilOptions,
  asked: Answer | null,
): Promise<{ code: string; values: string[] }> {
  const reply = await connection.run(
    'pulse',
    [keys.state, ...(asked === null ? [] : [asked.key])],
    [asked?.epoch ?? '', asked?.stands ?? ''],
  );
  if (!['OK', 'LOST', 'EPOCH'].includes(reply.code)) throw unknownReply('pulse', reply);
  return reply;
}

/** @returns its periods when a counter is lost that no longer waits for holds. */
async function assert(
  { connection, keys, timeValues }: VigilOptions,
  { hold: { attemptId, entries, budgetInstantMs }, leftMs }: LiveHold,
): Promise<readonly PinnedPeriod[]> {
  const [first] = entries;
  const reply = await connection.run(
    'assert',
    [keys.state, keys.attempt(attemptId), keys.closed, ...entries.map(({ key }) => keys.budget(key))],
    [
      ...timeValues(),
      ...[leftMs, first?.expected ?? 0n, first?.worst ?? 0n].map(String),
      entriesToText(entries),
      String(budgetInstantMs),
      ...entries.flatMap(({ periodStartMs, periodEndMs }) => [periodStartMs, periodEndMs].map(String)),
    ],
  );
  if (reply.code === 'SEED' || reply.code === 'EPOCH') return entries;
  if (reply.code !== 'OK' && reply.code !== 'DUP') throw unknownReply('assert', reply);
  return [];
}

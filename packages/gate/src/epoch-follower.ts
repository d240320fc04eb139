import type { Clock, Logger } from '@tallygate/usage';
import { amountsToText } from './amounts.ts';
import { entriesToText } from './attempt-record.ts';
import type { PinnedPeriod } from './budget-periods.ts';
import type { RedisKeys } from './keys.ts';
import type { Answer, LastAnswer } from './last-answer.ts';
import type { LiveHold, LiveHolds } from './live-holds.ts';
import { createRecounts } from './recounts.ts';
import type { RedisConnection } from './redis-connection.ts';
import { unknownReply } from './redis-replies.ts';

/** Looks whether Redis still knows what it told this process; where it does not, begins a new epoch and brings into it what is live. */
export interface EpochFollower {
  /** Rejects while Redis or the ledger does not answer. */
  look(): Promise<void>;
  /** Something was told in this epoch. */
  toldIn(epoch: string): void;
  /** Called when something was lost, before holds are put back. */
  onLoss(listener: () => void): void;
  /** Puts all holds back. @returns periods whose counters must be rebuilt first. */
  reassert(): Promise<PinnedPeriod[]>;
  stop(): void;
}

export interface FollowerOptions {
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

export function createEpochFollower(
  options: FollowerOptions,
  holds: LiveHolds,
  answers: LastAnswer,
): EpochFollower {
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
      options.logger.debug('The ledger does not tell what it knows by now.', { reason: String(error) });
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
  return {
    async look() {
      const asked = answers.toAsk();
      const { code, values } = await pulse(options, asked);
      const [live = '', ageMs = ''] = values;
      if (code !== 'OK') return options.begin(code === 'LOST' ? live : '');
      answers.isKnown(asked);
      if (!hasLooked && Number(ageMs) < YOUNG_MS) recounts.begin();
      hasLooked = true;
      epoch ??= live;
      if (epoch !== live) await follow(live);
    },
    toldIn(toldEpoch) {
      epoch ??= toldEpoch;
    },
    onLoss: (listener) => void lossListeners.push(listener),
    reassert,
    stop: recounts.stop,
  };
}

async function pulse(
  { connection, keys }: FollowerOptions,
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
  { connection, keys, timeValues }: FollowerOptions,
  { hold: { attemptId, entries, budgetInstantMs }, leftMs }: LiveHold,
): Promise<readonly PinnedPeriod[]> {
  const reply = await connection.run(
    'assert',
    [keys.state, keys.attempt(attemptId), keys.closed, ...entries.map(({ key }) => keys.budget(key))],
    [
      ...timeValues(),
      String(leftMs),
      amountsToText(entries.map(({ expected }) => expected)),
      amountsToText(entries.map(({ worst }) => worst)),
      entriesToText(entries),
      String(budgetInstantMs),
      ...entries.flatMap(({ periodStartMs, periodEndMs }) => [periodStartMs, periodEndMs].map(String)),
    ],
  );
  if (reply.code === 'SEED' || reply.code === 'EPOCH') return entries;
  if (reply.code !== 'OK' && reply.code !== 'DUP') throw unknownReply('assert', reply);
  return [];
}

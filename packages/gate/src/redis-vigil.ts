import type { Clock, Hold, Logger, SettleReply } from '@tallygate/usage';
import { entriesToText } from './attempt-record.ts';
import type { PinnedPeriod } from './budget-periods.ts';
import type { RedisKeys } from './keys.ts';
import { createLiveHolds } from './live-holds.ts';
import type { RedisConnection } from './redis-connection.ts';
import { unknownReply } from './redis-replies.ts';

/**
 * Watches over what Redis told this process. A flush, an empty replica or a failover can take it back without any call noticing, and
 * money that is being spent would be given out again. So a process that was told something lately looks a few times a second,
 * and after a loss puts its holds back before budgets admit more.
 */
export interface RedisVigil {
  held(hold: Hold, ttlMs: number): void;
  ended(attemptId: string, reply: SettleReply): void;
  /** Puts all holds back. @returns periods whose counters must be rebuilt first. */
  reassert(): Promise<PinnedPeriod[]>;
  close(): void;
}

export interface VigilOptions {
  clock: Clock;
  logger: Logger;
  connection: RedisConnection;
  keys: RedisKeys;
  recordGraceMs: number;
  timeValues(): string[];
  /** Begins a new epoch; of one that has lost something, too. */
  begin(lostEpoch: string): Promise<void>;
  rebuild(missing: readonly PinnedPeriod[]): Promise<void>;
  /** What this process has settled must be in the ledger before it is asked for sums. */
  shipSettled(): Promise<void>;
}

/** Some of them fall within the time for which counters stay missing after a loss (`REASSERT_MS`), on a busy machine too. */
const PULSE_MS = 200;
/** Longer than a settlement usually lies in a spool. */
const WATCH_MS = 5_000;

export function createRedisVigil(options: VigilOptions): RedisVigil {
  const { clock, logger, connection } = options;
  const holds = createLiveHolds(clock);
  const told = createTold(clock, options.recordGraceMs);
  let epoch: string | null = null;
  let isAsserted = true;
  let isLooking = false;

  const reassert = async (): Promise<PinnedPeriod[]> => {
    const missing: PinnedPeriod[] = [];
    for (const { hold, leftMs } of holds.all()) missing.push(...(await assert(options, hold, leftMs)));
    return missing;
  };
  const look = async (): Promise<void> => {
    const asked = told.toAsk();
    const { code, values } = await pulse(options, asked);
    const [live = ''] = values;
    if (code !== 'OK') return options.begin(code === 'LOST' ? live : '');
    told.isKnown(asked);
    const isNew = epoch !== null && epoch !== live;
    if (isNew) await options.shipSettled();
    if (isNew || !isAsserted) {
      const missing = await reassert();
      isAsserted = missing.length === 0;
      if (!isAsserted) await options.rebuild(missing);
    }
    epoch = live;
  };
  const lookOnce = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    try {
      await look();
    } catch (error) {
      logger.debug('Redis does not tell what it still knows.', { reason: String(error) });
    } finally {
      isLooking = false;
    }
  };
  const watch = createWatch(clock, () => holds.all().length > 0, lookOnce);
  connection.onReady(() => {
    isAsserted = false;
    told.reconnected();
    void lookOnce();
  });

  return {
    held(hold, ttlMs) {
      epoch ??= hold.epoch;
      if (hold.entries.length > 0) holds.add(hold, ttlMs);
      watch.goOn();
    },
    ended(attemptId, { settlement }) {
      holds.remove(attemptId);
      told.ended(attemptId, settlement.epoch);
      watch.goOn();
    },
    reassert,
    close: watch.stop,
  };
}

/** An attempt whose end this process was told. */
interface Ended {
  attemptId: string;
  epoch: string;
  /** From then on Redis may have forgotten it rightly. */
  forgottenMs: number;
}

/** What Redis told this process last, to be asked about. */
function createTold(clock: Clock, recordGraceMs: number) {
  let last: Ended | null = null;
  /** The last of the connection before: what was told since then says nothing about what was lost between them. */
  let suspect: Ended | null = null;
  return {
    ended(attemptId: string, epoch: string): void {
      // Half of the time: clocks of two machines count it.
      last = { attemptId, epoch, forgottenMs: clock.monotonicMs() + recordGraceMs / 2 };
    },
    reconnected(): void {
      suspect ??= last;
    },
    toAsk(): Ended | null {
      const asked = suspect ?? last;
      return asked !== null && asked.forgottenMs > clock.monotonicMs() ? asked : null;
    },
    isKnown(asked: Ended | null): void {
      if (asked === null || suspect === asked) suspect = null;
    },
  };
}

/** Looks every now and then for as long as there is something to lose. Keeps no process alive. */
function createWatch(clock: Clock, hasHolds: () => boolean, look: () => Promise<void>) {
  let toldMs = 0;
  let timer: NodeJS.Timeout | null = null;
  const stop = (): void => {
    if (timer !== null) clearInterval(timer);
    timer = null;
  };
  const tick = (): void => {
    if (clock.monotonicMs() - toldMs > WATCH_MS && !hasHolds()) stop();
    else void look();
  };
  return {
    stop,
    goOn(): void {
      toldMs = clock.monotonicMs();
      timer ??= setInterval(tick, PULSE_MS).unref();
    },
  };
}

async function pulse(
  { connection, keys }: VigilOptions,
  last: { attemptId: string; epoch: string } | null,
): Promise<{ code: string; values: string[] }> {
  const attempts = last === null ? [] : [keys.attempt(last.attemptId)];
  const reply = await connection.run('pulse', [keys.state, ...attempts], [last?.epoch ?? '']);
  if (!['OK', 'LOST', 'EPOCH'].includes(reply.code)) throw unknownReply('pulse', reply);
  return reply;
}

/** @returns its periods when a counter is lost that no longer waits for holds. */
async function assert(
  { connection, keys, timeValues }: VigilOptions,
  { attemptId, entries, budgetInstantMs }: Hold,
  leftMs: number,
): Promise<readonly PinnedPeriod[]> {
  const [first] = entries;
  const reply = await connection.run(
    'assert',
    [keys.state, keys.attempt(attemptId), keys.closed, ...entries.map(({ key }) => keys.budget(key))],
    [
      ...timeValues(),
      ...[leftMs, first?.expectedNanoUsd ?? 0n, first?.worstNanoUsd ?? 0n].map(String),
      entriesToText(entries),
      String(budgetInstantMs),
      ...entries.flatMap(({ periodStartMs, periodEndMs }) => [periodStartMs, periodEndMs].map(String)),
    ],
  );
  if (reply.code === 'SEED' || reply.code === 'EPOCH') return entries;
  if (reply.code !== 'OK' && reply.code !== 'DUP') throw unknownReply('assert', reply);
  return [];
}

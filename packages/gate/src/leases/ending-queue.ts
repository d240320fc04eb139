import type { Hold, NanoUsd, SettleReply } from '@tallygate/usage';
import { within } from '../deadlines.ts';
import type { RedisSession } from '../redis-session.ts';
import type { Ending } from '../settlements.ts';
import { type EndedBatch, type EndingBatch, endBatch, endLeased, itemOf, replyOf } from './lease-endings.ts';
import type { GatheredEnding, LeasedHold } from './leased-hold.ts';

/** Endings of one lease, gathered and sent together. */
export interface EndingQueue {
  end(hold: LeasedHold, kind: Ending['kind'], amountNanoUsd: NanoUsd): Promise<SettleReply>;
  /** Resolves when the gate has written it. Whoever asks again learns the same. */
  replyTo(hold: LeasedHold, ending: GatheredEnding): Promise<SettleReply>;
  /** With the next batch, this part of the lease goes back to its budgets. */
  giveBack(expectedNanoUsd: NanoUsd, worstNanoUsd: NanoUsd): void;
  /** Sends what waits, and waits for everything that was sent. Never rejects. */
  flush(): Promise<void>;
}

/** Nobody waits for the end of a call, but money that a call did not need is idle until then. */
const GATHER_MS = 20;
/** Few enough that a process goes on with one batch while Redis writes another. */
const MOST_ENDINGS = 256;

/** @param busy is told which queues have something to send or to wait for. */
export function createEndingQueue(
  session: RedisSession,
  lease: Hold,
  deadlineMs: number,
  busy: Set<EndingQueue>,
): EndingQueue {
  let waiting = openBatch(1);
  let timer: NodeJS.Timeout | null = null;
  const running = new Set<Promise<void>>();

  function sendWaiting(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const { holds, expectedNanoUsd, worstNanoUsd } = waiting;
    if (holds.length === 0 && expectedNanoUsd + worstNanoUsd === 0n) return;
    const batch = waiting;
    waiting = openBatch(batch.number + 1);
    const ended = endBatch(session, lease, asSent(batch));
    batch.sent(within(deadlineMs, ended, 'the end of leased attempts'));
    // A batch may have nobody who waits for it: it gives back idle money only.
    const run = batch.ended.then(nothing, nothing);
    running.add(run);
    busy.add(queue);
    void run.finally(() => {
      running.delete(run);
      if (running.size === 0 && waiting.holds.length === 0) busy.delete(queue);
    });
  }

  const queue: EndingQueue = {
    end(hold, kind, amountNanoUsd) {
      const position = waiting.holds.length;
      const ending: GatheredEnding = { kind, amountNanoUsd, batch: waiting.ended, position };
      hold.ending = ending;
      waiting.holds.push(hold);
      waiting.amountNanoUsd += amountNanoUsd;
      const [entry] = hold.entries;
      if (entry !== undefined) queue.giveBack(entry.expected, entry.worst);
      if (position === 0) busy.add(queue);
      if (waiting.holds.length >= MOST_ENDINGS) sendWaiting();
      else timer ??= setTimeout(sendWaiting, GATHER_MS);
      return queue.replyTo(hold, ending);
    },
    replyTo: (hold, ending) =>
      ending.batch.then((ended) =>
        ended === null
          ? within(deadlineMs, endLeased(session, hold, ending), 'the end of a leased attempt')
          : replyOf(hold, ending, ended),
      ),
    giveBack(expectedNanoUsd, worstNanoUsd) {
      waiting.expectedNanoUsd += expectedNanoUsd;
      waiting.worstNanoUsd += worstNanoUsd;
    },
    async flush() {
      sendWaiting();
      await Promise.all(running);
    },
  };
  return queue;
}

/** A batch that endings are still added to, and the promise of what becomes of it. */
function openBatch(number: number) {
  let sent: (reply: Promise<EndedBatch | null>) => void = nothing;
  const ended = new Promise<EndedBatch | null>((resolve) => {
    sent = resolve;
  });
  return {
    number,
    holds: [] as LeasedHold[],
    amountNanoUsd: 0n,
    expectedNanoUsd: 0n,
    worstNanoUsd: 0n,
    ended,
    sent,
  };
}

/** Put into words when it is sent, not before: what waits lives through collections of garbage. */
function asSent(batch: ReturnType<typeof openBatch>): EndingBatch {
  const { number, holds, amountNanoUsd, expectedNanoUsd, worstNanoUsd } = batch;
  const items = holds.map((hold) => (hold.ending === null ? '' : itemOf(hold, hold.ending)));
  return {
    number,
    items: items.join(':'),
    count: holds.length,
    amountNanoUsd,
    expectedNanoUsd,
    worstNanoUsd,
  };
}

function nothing(): void {}

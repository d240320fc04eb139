import type { Hold, NanoUsd, SettleReply } from '@tallygate/usage';
import { within } from '../deadlines.ts';
import type { RedisSession } from '../redis-session.ts';
import type { Ending } from '../settlements.ts';
import { addItem, type EndedBatch, endBatch, endLeased, replyOf } from './lease-endings.ts';
import type { GatheredEnding } from './leased-hold.ts';

/** Endings of one lease, gathered and sent together. */
export interface EndingQueue {
  end(hold: Hold, kind: Ending['kind'], amountNanoUsd: NanoUsd): GatheredEnding;
  /** Resolves when the gate has written it. Whoever asks again learns the same. */
  replyTo(hold: Hold, ending: GatheredEnding): Promise<SettleReply>;
  /** With the next batch, this part of the lease goes back to its budgets. */
  giveBack(expectedNanoUsd: NanoUsd, worstNanoUsd: NanoUsd): void;
  /** Sends what waits, and waits for everything that was sent. Never rejects. */
  flush(): Promise<void>;
}

/** Nobody waits for the end of a call, but money that a call did not need is idle until then. */
const GATHER_MS = 20;
const MOST_ENDINGS = 512;

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
    const { count, expectedNanoUsd, worstNanoUsd } = waiting;
    if (count === 0 && expectedNanoUsd + worstNanoUsd === 0n) return;
    const batch = waiting;
    waiting = openBatch(batch.number + 1);
    batch.sent(within(deadlineMs, endBatch(session, lease, batch), 'the end of leased attempts'));
    // A batch may have nobody who waits for it: it gives back idle money only.
    const run = batch.ended.then(nothing, nothing);
    running.add(run);
    busy.add(queue);
    void run.finally(() => {
      running.delete(run);
      if (running.size === 0 && waiting.count === 0) busy.delete(queue);
    });
  }

  const queue: EndingQueue = {
    end(hold, kind, amountNanoUsd) {
      const position = waiting.count;
      const ending: GatheredEnding = { kind, amountNanoUsd, batch: waiting.ended, position };
      addItem(waiting.items, hold, ending);
      waiting.amountNanoUsd += amountNanoUsd;
      waiting.count += 1;
      const [entry] = hold.entries;
      if (entry !== undefined) queue.giveBack(entry.expected, entry.worst);
      if (position === 0) busy.add(queue);
      if (waiting.count >= MOST_ENDINGS) sendWaiting();
      else timer ??= setTimeout(sendWaiting, GATHER_MS);
      return ending;
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
  const amounts = { amountNanoUsd: 0n, expectedNanoUsd: 0n, worstNanoUsd: 0n };
  return { number, count: 0, items: [] as string[], ...amounts, ended, sent };
}

function nothing(): void {}

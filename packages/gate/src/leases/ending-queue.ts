import type { Hold, NanoUsd, SettleReply } from '@tallygate/usage';
import { within } from '../deadlines.ts';
import type { RedisSession } from '../redis-session.ts';
import { type EndedBatch, endBatch, endLeased, type LeasedEnding, replyOf } from './lease-endings.ts';

/** Endings of one lease, gathered and sent together. */
export interface EndingQueue {
  end(ending: LeasedEnding): GatheredEnding;
  /** Resolves when the gate has written it. Whoever asks again learns the same. */
  replyTo(ending: GatheredEnding): Promise<SettleReply>;
  /** With the next batch, this part of the lease goes back to its budgets. */
  giveBack(expectedNanoUsd: NanoUsd, worstNanoUsd: NanoUsd): void;
  /** Sends what waits, and waits for everything that was sent. Never rejects. */
  flush(): Promise<void>;
}

/** An ending and its place among those that go with it: all that has to be kept for its reply. */
export interface GatheredEnding extends LeasedEnding {
  readonly batch: Promise<EndedBatch | null>;
  readonly position: number;
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
    const { endings, expectedNanoUsd, worstNanoUsd } = waiting;
    if (endings.length === 0 && expectedNanoUsd + worstNanoUsd === 0n) return;
    const batch = waiting;
    waiting = openBatch(batch.number + 1);
    batch.sent(within(deadlineMs, endBatch(session, lease, batch), 'the end of leased attempts'));
    // A batch may have nobody who waits for it: it gives back idle money only.
    const run = batch.ended.then(nothing, nothing);
    running.add(run);
    busy.add(queue);
    void run.finally(() => {
      running.delete(run);
      if (running.size === 0 && waiting.endings.length === 0) busy.delete(queue);
    });
  }

  const queue: EndingQueue = {
    end({ hold, kind, amountNanoUsd }) {
      const { endings, ended: batch } = waiting;
      const ending: GatheredEnding = { hold, kind, amountNanoUsd, batch, position: endings.length };
      if (endings.push(ending) === 1) busy.add(queue);
      const [entry] = hold.entries;
      if (entry !== undefined) queue.giveBack(entry.expected, entry.worst);
      if (endings.length >= MOST_ENDINGS) sendWaiting();
      else timer ??= setTimeout(sendWaiting, GATHER_MS);
      return ending;
    },
    replyTo: (ending) =>
      ending.batch.then((ended) =>
        ended === null
          ? within(deadlineMs, endLeased(session, ending), 'the end of a leased attempt')
          : replyOf(ending, ended, ending.position),
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
  return { number, endings: [] as GatheredEnding[], expectedNanoUsd: 0n, worstNanoUsd: 0n, ended, sent };
}

function nothing(): void {}

import type { Hold, NanoUsd, SettleReply } from '@tallygate/usage';
import { within } from '../deadlines.ts';
import type { RedisSession } from '../redis-session.ts';
import { type EndingBatch, endBatch, endLeased, type LeasedEnding, replyOf } from './lease-endings.ts';

/** Endings of one lease, gathered and sent together. */
export interface EndingQueue {
  /** Resolves when the gate has written it. */
  end(ending: LeasedEnding): Promise<SettleReply>;
  /** With the next batch, this part of the lease goes back to its budgets. */
  giveBack(expectedNanoUsd: NanoUsd, worstNanoUsd: NanoUsd): void;
  /** Sends what waits, and waits for everything that was sent. Never rejects. */
  flush(): Promise<void>;
}

interface Waiting extends LeasedEnding {
  resolve(reply: SettleReply | PromiseLike<SettleReply>): void;
  reject(error: unknown): void;
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
  let waiting: Waiting[] = [];
  let back = { expectedNanoUsd: 0n, worstNanoUsd: 0n };
  let batches = 0;
  let timer: NodeJS.Timeout | null = null;
  const running = new Set<Promise<void>>();

  function sendWaiting(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const endings = waiting;
    const given = endings.reduce(withPartOf, back);
    if (endings.length === 0 && given.expectedNanoUsd + given.worstNanoUsd === 0n) return;
    waiting = [];
    back = { expectedNanoUsd: 0n, worstNanoUsd: 0n };
    batches += 1;
    const batch = { lease, number: String(batches), endings, ...given };
    const run = send(session, deadlineMs, batch, endings);
    running.add(run);
    busy.add(queue);
    void run.finally(() => {
      running.delete(run);
      if (running.size === 0 && waiting.length === 0) busy.delete(queue);
    });
  }

  const queue: EndingQueue = {
    end: (ending) =>
      new Promise((resolve, reject) => {
        if (waiting.length === 0) busy.add(queue);
        waiting.push({
          hold: ending.hold,
          kind: ending.kind,
          amountNanoUsd: ending.amountNanoUsd,
          resolve,
          reject,
        });
        if (waiting.length >= MOST_ENDINGS) sendWaiting();
        else timer ??= setTimeout(sendWaiting, GATHER_MS);
      }),
    giveBack: (expectedNanoUsd, worstNanoUsd) => {
      back = {
        expectedNanoUsd: back.expectedNanoUsd + expectedNanoUsd,
        worstNanoUsd: back.worstNanoUsd + worstNanoUsd,
      };
    },
    flush: async () => {
      sendWaiting();
      await Promise.all(running);
    },
  };
  return queue;
}

async function send(
  session: RedisSession,
  deadlineMs: number,
  batch: EndingBatch,
  endings: readonly Waiting[],
): Promise<void> {
  const alone = (ending: LeasedEnding) =>
    within(deadlineMs, endLeased(session, ending), 'the end of a leased attempt');
  try {
    const ended = await within(deadlineMs, endBatch(session, batch), 'the end of leased attempts');
    endings.forEach((ending, position) => {
      ending.resolve(ended === null ? alone(ending) : replyOf(ending, ended, position));
    });
  } catch (error) {
    for (const { reject } of endings) reject(error);
  }
}

function withPartOf(sum: { expectedNanoUsd: NanoUsd; worstNanoUsd: NanoUsd }, { hold }: LeasedEnding) {
  const [entry] = hold.entries;
  if (entry === undefined) return sum;
  return {
    expectedNanoUsd: sum.expectedNanoUsd + entry.expected,
    worstNanoUsd: sum.worstNanoUsd + entry.worst,
  };
}

import type { BatchOwner, Hold, UsageEvent } from '@tallygate/usage';
import { type BatchParts, persistently } from './batch-parts.ts';

/** Counts the items of one reading, each once however often and by whomever it is read. */
export interface ItemCounter {
  /** Records the item's row at once; marks and settles it behind the caller's back. */
  count(event: UsageEvent): void;
  /** No more items come. Resolves when all are settled, and the batch's hold is released if nothing of it is left. */
  finish(): Promise<void>;
}

/** Names the periods that an item is charged to; null when no gate answers, the settler then finds them. */
type HoldOf = (event: UsageEvent) => Hold | null;

const MARKED_AT_ONCE = 500;
const SETTLED_AT_ONCE = 16;

/**
 * record → mark → settle, in that order: once a row is in the spool together with its hold, recovery settles it if this process
 * dies; once it is marked, no later reading settles it again when the gate has long forgotten. The hold over the batch goes
 * last, so that at no moment less is set aside or spent than the batch costs.
 */
export function createItemCounter(parts: BatchParts, owner: BatchOwner, holdOf: HoldOf): ItemCounter {
  const { owners, settler, work } = parts;
  const waiting: UsageEvent[] = [];
  let pumping: Promise<void> | null = null;
  let isUnrecorded = false;
  let gaveUp = false;

  function count(event: UsageEvent): void {
    const isFree = event.status === 'error';
    try {
      parts.ports.sink.recordOutcome(event, isFree ? null : holdOf(event));
    } catch (error) {
      // Not marked and not settled: the batch's hold stays, and the next reading counts the item.
      isUnrecorded = true;
      parts.options.logger.error('batch item not recorded', {
        attemptId: event.eventId,
        error: String(error),
      });
      return;
    }
    waiting.push(event);
    if (pumping !== null) return;
    pumping = pump();
    work.track(pumping);
  }

  async function pump(): Promise<void> {
    // Lets the items of one chunk gather before the first portion goes.
    await Promise.resolve();
    while (waiting.length > 0) {
      const portion = waiting.splice(0, MARKED_AT_ONCE);
      await marked(portion.map(({ eventId }) => eventId));
      await inLanes(
        portion.filter(({ status }) => status !== 'error'),
        settled,
      );
    }
    // In the same turn as the last look at `waiting`: an item that comes in between would wait for ever.
    pumping = null;
  }

  /** How many items are counted in all; null when the owners do not answer. The charge does not wait for them for ever. */
  async function marked(eventIds: string[]): Promise<number | null> {
    const mark = () => owners.markItemsCounted(owner, eventIds);
    const done = await persistently(parts, 'marking counted batch items', owner.batchId, mark);
    return done?.answer ?? null;
  }

  /** Once the gate has kept one waiting in vain, rows that carry their hold are left to recovery instead of queueing for hours. */
  async function settled(event: UsageEvent): Promise<void> {
    const hold = holdOf(event);
    if (gaveUp && hold !== null) return;
    if (!(await settler.settle(event, hold))) gaveUp = true;
  }

  async function finish(): Promise<void> {
    while (pumping !== null) await pumping;
    if (owner.hold === null || owner.itemCount === null || isUnrecorded || gaveUp) return;
    const counted = await marked([]);
    if (counted !== null && counted >= owner.itemCount) await settler.release(owner.hold);
  }

  return { count, finish };
}

/** A gate is asked by few at a time: a batch may have 100,000 items, and other calls wait for the same gate. */
async function inLanes(events: UsageEvent[], work: (event: UsageEvent) => Promise<void>): Promise<void> {
  const queue = events.values();
  const lanes = Array.from({ length: SETTLED_AT_ONCE }, async () => {
    for (const event of queue) await work(event);
  });
  await Promise.all(lanes);
}

import type { Logger } from '@tallygate/usage';
import type { Reading } from '../watching/readings.ts';
import { watchResponse } from '../watching/watch-response.ts';
import type { ItemCounter } from './count-items.ts';
import { type ItemReading, itemEvent, itemEventId } from './item-event.ts';
import { readItemResult } from './item-result.ts';
import { createJsonlScanner } from './jsonl-scanner.ts';

export interface ResultsReading extends ItemReading {
  /** Event ids that were counted before this response came. */
  alreadyCounted: ReadonlySet<string>;
  counter: ItemCounter;
  logger: Logger;
}

/**
 * The same response, each item counted as its line passes. Whoever stops half-way has counted half; the rest is counted by
 * whoever reads on.
 *
 * @param onEnd each time a way of reading the response ends: read whole, left, or broken.
 */
export function watchResults(response: Response, reading: ResultsReading, onEnd: () => void): Response {
  const { owner, counter, logger } = reading;
  const seen = new Set<string>();

  function take(line: unknown): void {
    const item = readItemResult(line);
    if (item === null) {
      unreadable();
      return;
    }
    const eventId = itemEventId(owner.batchId, item.customId);
    if (seen.has(eventId) || reading.alreadyCounted.has(eventId)) return;
    seen.add(eventId);
    counter.count(itemEvent(eventId, item, reading));
  }

  function unreadable(): void {
    logger.error('a line of batch results is not readable and was not counted', { batchId: owner.batchId });
  }

  /** Whatever is wrong with us is not the caller's: their bytes go on. */
  function guarded(line: unknown): void {
    try {
      take(line);
    } catch (error) {
      logger.error('batch item not counted', { batchId: owner.batchId, error: String(error) });
    }
  }

  return watchResponse(response, () => (): Reading => {
    const scanner = createJsonlScanner(guarded, unreadable);
    return {
      chunk: (bytes) => scanner.feed(bytes),
      ended() {
        scanner.end();
        onEnd();
      },
      broken: onEnd,
      value(body) {
        guarded(body);
        onEnd();
      },
    };
  });
}

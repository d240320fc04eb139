import type { Meter } from '@tallygate/meter';
import { wholeDelivery } from './byte-source.ts';
import type { Door } from './doors.ts';
import type { Exchange } from './exchanges.ts';
import { firstDifference } from './first-difference.ts';
import { callerBy, type Reading } from './observe.ts';

/** As many as a person reads. */
const DIFFERENCES_MAX = 5;

/** What a caller can tell about exchanges read through a door that cannot be told without the meter; empty when nothing. */
export async function differences(
  reading: Reading,
  exchanges: readonly Exchange[],
  [door, meter]: [Door, Meter],
): Promise<string[]> {
  const [bare, metered] = [callerBy('bare', meter), callerBy(door, meter)];
  const found: string[] = [];
  for (const exchange of exchanges) {
    const delivery = wholeDelivery(exchange.bytes);
    const difference = firstDifference(
      await bare(reading, exchange, delivery),
      await metered(reading, exchange, delivery),
    );
    if (difference !== null) found.push(`${exchange.id}: ${difference}`);
    if (found.length === DIFFERENCES_MAX) break;
  }
  return found;
}

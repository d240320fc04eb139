import { TallygateError } from '@tallygate/usage';
import { isOutOfMemory } from '../database-errors.ts';

/**
 * Works through the items, all at once if the engine has the memory for it. Where it has not, the portion is halved and stays so;
 * `work` must be free to fail half-way and be called again with fewer of the same items.
 *
 * @throws TallygateError `TALLYGATE_LEDGER_EXHAUSTED` when a single item is too much, and whatever else fails the work.
 */
export async function inPortions<Item>(
  items: readonly Item[],
  work: (portion: Item[]) => Promise<void>,
): Promise<void> {
  let atOnce = items.length;
  for (let done = 0; done < items.length; ) {
    const portion = items.slice(done, done + atOnce);
    try {
      await work(portion);
      done += portion.length;
    } catch (error) {
      if (!isExhausted(error) || portion.length === 1) throw error;
      atOnce = Math.ceil(portion.length / 2);
    }
  }
}

/** Also where the pointers to a portion found no room: as rows, they are told that the ledger did not answer. */
function isExhausted(error: unknown): boolean {
  if (!TallygateError.isInstance(error)) return false;
  return error.code === 'TALLYGATE_LEDGER_EXHAUSTED' || isOutOfMemory(error.cause);
}

import type { Hold, UsageEvent } from '@tallygate/usage';
import type { LiveConfiguration } from '../configuration-cache.ts';
import { plainModelNames } from '../model-names.ts';
import type { MeterPorts } from '../ports.ts';

/**
 * What one item is charged to. The hold of its batch names the budgets of all the batch's models; where some are limited to a
 * model, only those that cover the item's own count it. Periods stay those that were pinned when the batch was created.
 */
export function itemHold(
  hold: Hold,
  { eventId, attribution, requestModel }: UsageEvent,
  { snapshot, priceBook }: LiveConfiguration,
  pinHold: MeterPorts['pinHold'],
): Hold {
  const item = { ...hold, attemptId: eventId };
  const byModel = snapshot.budgets.filter(({ scope }) => scope.model !== undefined);
  if (byModel.length === 0 || pinHold === undefined) return item;
  const keysFor = (models: readonly string[]) => {
    const among = { ...snapshot, budgets: byModel };
    const pinned = pinHold({
      attemptId: eventId,
      attribution,
      models,
      snapshot: among,
      atMs: hold.budgetInstantMs,
    });
    return new Set(pinned.entries.map(({ key }) => key));
  };
  const every = keysFor(byModel.map(({ scope }) => scope.model ?? ''));
  const own = keysFor(plainModelNames([requestModel], priceBook));
  return { ...item, entries: hold.entries.filter(({ key }) => own.has(key) || !every.has(key)) };
}

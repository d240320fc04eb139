import type { BatchOwner, Hold, HoldEntry, UsageEvent } from '@tallygate/usage';
import type { LiveConfiguration } from '../configuration-cache.ts';
import { plainModelNames } from '../model-names.ts';
import type { MeterPorts } from '../ports.ts';

/**
 * What each item of one reading is charged to. The hold of its batch names the budgets of all the batch's models; where some are
 * limited to a model, only those that cover the item's own count it. Periods stay those that were pinned when the batch was
 * created. Found once for each model: a batch may have 100,000 items.
 */
export function createItemHolds(
  hold: Hold,
  { attribution }: Pick<BatchOwner, 'attribution'>,
  { snapshot, priceBook }: LiveConfiguration,
  pinHold: MeterPorts['pinHold'],
): (event: Pick<UsageEvent, 'eventId' | 'requestModel'>) => Hold {
  const byModel = snapshot.budgets.filter(({ scope }) => scope.model !== undefined);
  if (byModel.length === 0 || pinHold === undefined)
    return ({ eventId }) => ({ ...hold, attemptId: eventId });
  const among = { ...snapshot, budgets: byModel };
  const { attemptId, budgetInstantMs: atMs } = hold;
  const keysFor = (models: readonly string[]) =>
    new Set(pinHold({ attemptId, attribution, models, snapshot: among, atMs }).entries.map(({ key }) => key));
  const every = keysFor(byModel.map(({ scope }) => scope.model ?? ''));
  const entriesOf = new Map<string, HoldEntry[]>();

  function entriesFor(requestModel: string): HoldEntry[] {
    const own = keysFor(plainModelNames([requestModel], priceBook));
    return hold.entries.filter(({ key }) => own.has(key) || !every.has(key));
  }

  return ({ eventId, requestModel }) => {
    const entries = entriesOf.get(requestModel) ?? entriesFor(requestModel);
    entriesOf.set(requestModel, entries);
    return { ...hold, attemptId: eventId, entries };
  };
}

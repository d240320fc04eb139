import { type BatchOwner, budgetIdOf, type Hold, type HoldEntry, type UsageEvent } from '@tallygate/usage';
import type { LiveConfiguration } from '../configuration-cache.ts';
import { plainModelNames } from '../model-names.ts';
import type { MeterPorts } from '../ports.ts';

/** No gate held an item by itself, and none may take it for an attempt of its own that it forgot: the charge counts. */
const EPOCH_OF_ITEMS = 'batch-item';

/**
 * What each item of one reading is charged to. The hold of its batch names the budgets of all the batch's models; where some are
 * limited to a model, or are one for each, only those that cover the item's own count it. Periods stay those that were pinned when the batch was
 * created. Found once for each model: a batch may have 100,000 items.
 */
export function createItemHolds(
  hold: Hold,
  { attribution }: Pick<BatchOwner, 'attribution'>,
  { snapshot, priceBook }: LiveConfiguration,
  pinHold: MeterPorts['pinHold'],
): (event: Pick<UsageEvent, 'eventId' | 'requestModel'>) => Hold {
  const byModel = snapshot.budgets.filter(({ scope, each }) => scope.model !== undefined || each === 'model');
  if (byModel.length === 0 || pinHold === undefined)
    return ({ eventId }) => ({ ...hold, attemptId: eventId, epoch: EPOCH_OF_ITEMS });
  const among = { ...snapshot, budgets: byModel };
  const { attemptId, budgetInstantMs: atMs } = hold;
  const keysFor = (models: readonly string[]) =>
    new Set(pinHold({ attemptId, attribution, models, snapshot: among, atMs }).entries.map(({ key }) => key));
  const every = keysFor(byModel.map(({ scope }) => scope.model ?? ''));
  const eachIds = new Set(byModel.filter(({ each }) => each === 'model').map(({ id }) => id));
  const isOfModel = (entry: HoldEntry) => every.has(entry.key) || eachIds.has(budgetIdOf(entry));
  const entriesOf = new Map<string, HoldEntry[]>();

  function entriesFor(requestModel: string): HoldEntry[] {
    const own = keysFor(plainModelNames([requestModel], priceBook));
    return hold.entries.filter((entry) => own.has(entry.key) || !isOfModel(entry));
  }

  return ({ eventId, requestModel }) => {
    const entries = entriesOf.get(requestModel) ?? entriesFor(requestModel);
    entriesOf.set(requestModel, entries);
    return { ...hold, attemptId: eventId, epoch: EPOCH_OF_ITEMS, entries };
  };
}

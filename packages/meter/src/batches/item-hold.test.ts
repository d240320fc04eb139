import { livePriceBook } from '@tallygate/pricing';
import {
  type BatchOwner,
  type Budget,
  budgetsFor,
  emptyConfiguration,
  type Hold,
  type HoldEntry,
} from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import type { AdmittedWithoutGate } from '../ports.ts';
import { createItemHolds } from './item-hold.ts';

const budget = (id: string, scope: Budget['scope']): Budget => ({
  ...{ id, scope, period: 'month', timeZone: 'UTC', limit: 1n, onOutage: 'block' },
});
const entry = (key: string) => ({ key }) as HoldEntry;
const BUDGETS = [
  budget('all', {}),
  budget('haiku', { model: 'claude-haiku-5-5' }),
  budget('opus', { model: 'claude-opus-5-5' }),
];
const hold = {
  attemptId: 'batch',
  epoch: 'of the gate',
  budgetInstantMs: 5,
  entries: ['all', 'haiku', 'opus', 'gone'].map(entry),
} as Hold;
const OWNER = { attribution: {} } as BatchOwner;
const pinHold = ({ snapshot, ...subject }: AdmittedWithoutGate): Hold => ({
  ...hold,
  entries: snapshot.budgets
    .flatMap((one) => budgetsFor(one, subject))
    .map(({ id, each, scope }) => entry(each === undefined ? id : `${id}:day:1:${scope.model}`)),
});
const chargedTo = (budgets: Budget[], requestModel: string, keys?: string[]) => {
  const configuration = {
    snapshot: { ...emptyConfiguration('acme'), budgets },
    priceBook: livePriceBook(null),
    isKnown: true,
  };
  const held = keys === undefined ? hold : { ...hold, entries: keys.map(entry) };
  const holdOf = createItemHolds(held, OWNER, configuration, pinHold);
  const { attemptId, epoch, entries } = holdOf({ eventId: 'item', requestModel });
  // A gate takes what it held and does not remember for ended, and would not charge it.
  expect({ attemptId, epoch }).toEqual({ attemptId: 'item', epoch: 'batch-item' });
  return entries.map(({ key }) => key);
};

describe('what an item of a batch is charged to', () => {
  it('leaves out budgets of the other models, and keeps those that nobody knows any more', () => {
    expect(chargedTo(BUDGETS, 'claude-haiku-5-5')).toEqual(['all', 'haiku', 'gone']);
    expect(chargedTo(BUDGETS, 'claude-opus-5-5')).toEqual(['all', 'opus', 'gone']);
  });

  it('leaves out the other models of a budget that is one for each', () => {
    const each = { ...budget('each', {}), each: 'model' as const };
    const keys = [
      'all',
      'each:day:1:claude-haiku-5-5',
      'each:day:1:claude-opus-5-5',
      'gone:day:1:claude-opus-5-5',
    ];
    expect(chargedTo([budget('all', {}), each], 'claude-opus-5-5', keys)).toEqual([
      keys[0],
      keys[2],
      keys[3],
    ]);
  });

  it('is found by every name of its model', () => {
    expect(chargedTo(BUDGETS, 'global.anthropic.claude-haiku-5-5')).toEqual(['all', 'haiku', 'gone']);
  });

  it('is everything that the batch is held on where no budget is limited to a model', () => {
    expect(chargedTo(BUDGETS.slice(0, 1), 'claude-haiku-5-5')).toEqual(['all', 'haiku', 'opus', 'gone']);
  });

  it('is everything as well where nobody can tell periods apart', () => {
    const configuration = {
      snapshot: { ...emptyConfiguration('acme'), budgets: BUDGETS },
      priceBook: livePriceBook(null),
      isKnown: true,
    };
    const holdOf = createItemHolds(hold, OWNER, configuration, undefined);
    const { entries } = holdOf({ eventId: 'item', requestModel: 'claude-haiku-5-5' });
    expect(entries).toBe(hold.entries);
  });
});

import type { Hold, Settlement, UsageEvent } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FactRecord } from './read-segment.ts';
import { createPairing, portions } from './recover.ts';

/** Only what pairing looks at. */
const outcome = (eventId: string, held = true): FactRecord => ({
  kind: 'outcome',
  event: { eventId } as UsageEvent,
  hold: held ? ({ attemptId: eventId } as Hold) : null,
});
const settlement = (attemptId: string, kind: Settlement['kind'] = 'settle'): FactRecord => ({
  kind: 'settlement',
  settlement: { attemptId, kind } as Settlement,
});
const unsettledOf = (records: FactRecord[]) => {
  const pairing = createPairing();
  records.forEach(pairing.see);
  return pairing.unsettled().map(({ event }) => event.eventId);
};

describe('pairing outcomes with settlements', () => {
  it('finds those with a hold and without a settlement, in any order of the records', () => {
    const ids = fc.subarray(['a', 'b', 'c', 'd', 'e']);
    fc.assert(
      fc.property(ids, ids, fc.infiniteStream(fc.nat()), (outcomes, settled, order) => {
        const records = [...outcomes.map((id) => outcome(id)), ...settled.map((id) => settlement(id))];
        const shuffled = records
          .map((record) => ({ record, at: order.next().value }))
          .sort((a, b) => a.at - b.at);
        const expected = outcomes.filter((id) => !settled.includes(id));
        expect(unsettledOf(shuffled.map(({ record }) => record)).sort()).toEqual(expected);
      }),
    );
  });

  it('takes a release for an end, and an adjustment for none', () => {
    expect(unsettledOf([outcome('a'), settlement('a', 'release')])).toEqual([]);
    expect(unsettledOf([outcome('a'), settlement('a', 'adjust')])).toEqual(['a']);
    expect(unsettledOf([outcome('a', false)])).toEqual([]);
  });

  it('hands them out in portions that miss none', () => {
    const many = Array.from({ length: 1_201 }, (_, index) => ({
      event: { eventId: `${index}` } as UsageEvent,
      hold: {} as Hold,
    }));
    const sizes = [...portions(many)].map((portion) => portion.length);
    expect(sizes).toEqual([500, 500, 201]);
    expect([...portions(many)].flat()).toEqual(many);
  });
});

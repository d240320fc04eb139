import { describe, expect, it } from 'vitest';
import { createUnsettled } from './unsettled.ts';

describe('unsettled outcomes', () => {
  it('keep their segment from being forgotten until the last of them is settled', () => {
    const unsettled = createUnsettled();
    unsettled.add('a', 1, 0);
    unsettled.add('b', 1, 0);
    unsettled.add('c', 2, 0);
    unsettled.delete('a');
    expect([unsettled.lieIn(1), unsettled.lieIn(2), unsettled.size]).toEqual([true, true, 2]);
    unsettled.delete('b');
    unsettled.delete('b');
    unsettled.delete('never added');
    expect([unsettled.lieIn(1), unsettled.lieIn(2), unsettled.size]).toEqual([false, true, 1]);
  });

  it('move with an outcome that is written again', () => {
    const unsettled = createUnsettled();
    unsettled.add('a', 1, 0);
    unsettled.add('a', 2, 0);
    expect([unsettled.lieIn(1), unsettled.lieIn(2), unsettled.size]).toEqual([false, true, 1]);
  });

  it('are listed by segment once they are old enough', () => {
    const unsettled = createUnsettled();
    unsettled.add('a', 1, 10);
    unsettled.add('b', 1, 20);
    unsettled.add('c', 2, 30);
    expect(unsettled.recordedBefore(20)).toEqual(new Map([[1, new Set(['a', 'b'])]]));
    expect(unsettled.recordedBefore(9)).toEqual(new Map());
  });
});

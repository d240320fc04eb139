import { describe, expect, it } from 'vitest';
import { createTally } from './tally.ts';

describe('the tally', () => {
  it('is idle at once when nothing is under way, and after the last of what was', async () => {
    const tally = createTally();
    await tally.idle();
    const [first, second] = [tally.begin(), tally.begin()];
    let idle = false;
    const waiting = tally.idle().then(() => {
      idle = true;
    });
    first();
    await Promise.resolve();
    expect(idle).toBe(false);
    second();
    await waiting;
  });

  it('takes work as done once, however often it is told', async () => {
    const tally = createTally();
    const [first, second] = [tally.begin(), tally.begin()];
    first();
    first();
    let idle = false;
    const waiting = tally.idle().then(() => {
      idle = true;
    });
    await Promise.resolve();
    expect(idle).toBe(false);
    second();
    await waiting;
  });

  it('hands out counts that later calls do not change', () => {
    const tally = createTally();
    tally.countFault('429');
    const before = tally.read();
    tally.countFault('429');
    tally.count('requests');
    expect(before).toMatchObject({ requests: 0, faults: { '429': 1 } });
    expect(tally.read()).toMatchObject({ requests: 1, faults: { '429': 2 } });
  });
});

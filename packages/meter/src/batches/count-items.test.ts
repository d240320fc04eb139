import {
  type BatchKey,
  type BatchOwner,
  type Hold,
  type Settlement,
  silentLogger,
  type UsageEvent,
} from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { createBackgroundWork } from './background-work.ts';
import type { BatchParts } from './batch-parts.ts';
import { createItemCounter } from './count-items.ts';
import { createMemoryBatchOwners } from './memory-batch-owners.ts';

const clock = { nowMs: () => 0, monotonicMs: () => 0 };
const hold = { attemptId: 'batch', entries: [] } as unknown as Hold;
const owner = (itemCount: number) => ({ organization: 'acme', batchId: 'b', hold, itemCount }) as BatchOwner;
const item = (eventId: string, status: UsageEvent['status'] = 'ok') => ({ eventId, status }) as UsageEvent;

/** A counter whose every step is written down. */
function rig(itemCount: number) {
  const steps: string[] = [];
  const real = createMemoryBatchOwners({ clock });
  const work = createBackgroundWork(silentLogger);
  const parts = {
    options: { logger: silentLogger },
    ports: {
      sink: {
        recordOutcome: (event: UsageEvent, held: Hold | null) =>
          void steps.push(`record ${event.eventId} ${held?.attemptId ?? '-'}`),
        recordSettlement: (_settlement: Settlement) => undefined,
      },
    },
    owners: {
      ...real,
      markItemsCounted(key: BatchKey, eventIds: readonly string[]) {
        if (eventIds.length > 0) steps.push(`mark ${eventIds.join(' ')}`);
        return real.markItemsCounted(key, eventIds);
      },
    },
    settler: {
      async settle(event: UsageEvent) {
        steps.push(`settle ${event.eventId}`);
        return true;
      },
      async release(ended: Hold) {
        steps.push(`release ${ended.attemptId}`);
        return true;
      },
      idle: async () => undefined,
    },
    work,
    wait: async () => undefined,
  } as unknown as BatchParts;
  return {
    steps,
    work,
    counter: createItemCounter(parts, owner(itemCount), ({ eventId }) => ({ ...hold, attemptId: eventId })),
  };
}

describe('counting the items of a reading', () => {
  it('records, then marks, then settles, and releases the batch last', async () => {
    const { steps, counter } = rig(2);
    counter.count(item('a'));
    counter.count(item('b', 'error'));
    await counter.finish();
    expect(steps).toEqual(['record a a', 'record b -', 'mark a b', 'settle a', 'release batch']);
  });

  it('marks a chunk at once, in portions of 500', async () => {
    const { steps, counter } = rig(5_000);
    for (let index = 0; index < 1_200; index += 1) counter.count(item(`${index}`, 'error'));
    await counter.finish();
    const portions = steps
      .filter((step) => step.startsWith('mark'))
      .map((step) => step.split(' ').length - 1);
    expect(portions).toEqual([500, 500, 200]);
    expect(steps.some((step) => step.startsWith('release'))).toBe(false);
  });

  it('loses no item, whenever it comes: in every turn while the one before is being counted', async () => {
    for (let turns = 0; turns < 60; turns += 1) {
      const { steps, counter } = rig(2);
      counter.count(item('a'));
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      counter.count(item('b'));
      await counter.finish();
      expect(steps.filter((step) => step.startsWith('settle'))).toEqual(['settle a', 'settle b']);
      expect(steps.at(-1)).toBe('release batch');
    }
  });
});

import { silentLogger } from '@tallygate/usage';
import { expect, test, vi } from 'vitest';
import { createAbandonedReserves } from './abandoned-reserves.ts';

function abandonedAt(clock: { ms: number }) {
  return createAbandonedReserves({ nowMs: () => 0, monotonicMs: () => clock.ms }, silentLogger);
}

test('what cannot be undone now is undone when it is tried again, and then no more', async () => {
  const reserves = abandonedAt({ ms: 0 });
  const undo = vi.fn<() => Promise<void>>().mockRejectedValueOnce(new Error('down')).mockResolvedValue();
  reserves.add({ attemptId: 'a', ttlMs: 100, undo });
  await reserves.settled();
  reserves.retry();
  await reserves.settled();
  reserves.retry();
  expect(undo).toHaveBeenCalledTimes(2);
});

test('a hold that has ended by itself is not undone', async () => {
  const clock = { ms: 0 };
  const reserves = abandonedAt(clock);
  const undo = vi.fn<() => Promise<void>>().mockRejectedValue(new Error('down'));
  reserves.add({ attemptId: 'a', ttlMs: 100, undo });
  await reserves.settled();
  clock.ms = 100;
  reserves.retry();
  expect(undo).toHaveBeenCalledTimes(1);
});

test('a long outage keeps a bounded number of them, the newest', async () => {
  const reserves = abandonedAt({ ms: 0 });
  const undone: number[] = [];
  let isDown = true;
  for (let attempt = 0; attempt < 10_100; attempt++) {
    const undo = async () => {
      if (isDown) throw new Error('down');
      undone.push(attempt);
    };
    reserves.add({ attemptId: `${attempt}`, ttlMs: 100, undo });
  }
  await reserves.settled();
  isDown = false;
  reserves.retry();
  await reserves.settled();
  expect(undone).toHaveLength(10_000);
  expect(undone[0]).toBe(100);
});

import type { MeterOptions } from '@tallygate/meter';
import type { Clock } from '@tallygate/usage';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openTallygate } from './open.ts';
import { tallygate } from './tallygate.ts';

/** Calls that end when they are told to, and a ledger that never answers. Only they are made up here. */
const made = vi.hoisted(() => ({
  calls: Promise.resolve(),
  endCalls: () => {},
  never: new Promise<never>(() => {}),
  /** What was asked of the runtime, and what was left of the time. */
  asked: [] as [what: string, leftMs?: number | undefined][],
}));
vi.mock('@tallygate/meter', async (original) => ({
  ...(await original<typeof import('@tallygate/meter')>()),
  createMeter: ({ ports }: MeterOptions) => ({
    middleware: async () => void (await ports()),
    leave: () => {},
    close: () => made.calls,
  }),
}));
vi.mock('./runtime/runtime.ts', () => ({
  requireSharedGate: () => {},
  openRuntime: async () => ({
    sink: {
      flush() {
        made.asked.push(['flush']);
        return made.never;
      },
    },
    close(leftMs?: () => number) {
      made.asked.push(['close', leftMs?.()]);
      return made.never;
    },
  }),
}));

const DRAIN_MS = 5_000;
const clock: Clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
const options = { organization: 'acme', team: 'support', drainMs: DRAIN_MS, clock };

/** An application that has made a call. */
async function application() {
  const tally = tallygate(options);
  await (tally.middleware as unknown as () => Promise<void>)();
  return tally;
}

/** Says whether it has returned. */
function closed(closing: Promise<void>): () => boolean {
  let isClosed = false;
  void closing.then(() => {
    isClosed = true;
  });
  return () => isClosed;
}

beforeEach(() => {
  vi.useFakeTimers();
  made.calls = new Promise((resolve) => {
    made.endCalls = resolve;
  });
  made.asked.length = 0;
});
afterEach(async () => {
  // What goes on behind a close ends, or the next test would share its runtime.
  made.endCalls();
  await vi.advanceTimersByTimeAsync(DRAIN_MS);
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('where calls wait for a gate and the ledger does not answer', () => {
  it('close() sends what is recorded after half of TALLYGATE_DRAIN_MS, and returns at its end', async () => {
    const tally = await application();
    const isClosed = closed(tally.close());
    await vi.advanceTimersByTimeAsync(DRAIN_MS / 2 - 1);
    expect(made.asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(made.asked).toEqual([['flush']]);
    await vi.advanceTimersByTimeAsync(DRAIN_MS / 2 - 1);
    expect(isClosed()).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(isClosed()).toBe(true);
  });

  it('the ledger has what the calls have left of the time', async () => {
    const tally = await application();
    const isClosed = closed(tally.close());
    await vi.advanceTimersByTimeAsync(1_000);
    made.endCalls();
    await vi.advanceTimersByTimeAsync(0);
    expect(made.asked).toEqual([['close', DRAIN_MS - 1_000]]);
    await vi.advanceTimersByTimeAsync(DRAIN_MS - 1_001);
    expect(isClosed()).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(isClosed()).toBe(true);
  });

  it('a call that outlasts close() finds a spool that is open, and time to send', async () => {
    const tally = await application();
    const isClosed = closed(tally.close());
    await vi.advanceTimersByTimeAsync(DRAIN_MS + 1);
    expect(isClosed()).toBe(true);
    expect(made.asked).toEqual([['flush']]);
    made.endCalls();
    await vi.advanceTimersByTimeAsync(0);
    expect(made.asked).toEqual([['flush'], ['close', DRAIN_MS]]);
  });

  it('SIGTERM ends the process at TALLYGATE_DRAIN_MS', async () => {
    const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
    await application();
    process.emit('SIGTERM');
    await vi.advanceTimersByTimeAsync(DRAIN_MS - 1);
    expect(made.asked).toEqual([['flush']]);
    expect(kill).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(kill).toHaveBeenCalledWith(process.pid, 'SIGTERM');
  });

  it('a runtime that was opened by itself has all of the time, and no more', async () => {
    const runtime = await openTallygate(options);
    const isClosed = closed(runtime.close());
    await vi.advanceTimersByTimeAsync(DRAIN_MS - 1);
    expect(made.asked).toEqual([['close', DRAIN_MS]]);
    expect(isClosed()).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(isClosed()).toBe(true);
  });
});

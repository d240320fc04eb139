import type { Meter } from '@tallygate/meter';
import type { Clock } from '@tallygate/usage';
import type { RuntimeLease } from './shared-runtimes.ts';
import { countdown, type TimeLeft, withinDeadline } from './within-deadline.ts';

export interface Closing {
  meter: Pick<Meter, 'close' | 'leave'>;
  lease: Pick<RuntimeLease, 'release'>;
  /** Sends what is recorded so far. */
  send(): Promise<unknown>;
  /** Tells people of what the last calls have reached. */
  stopAlerts(): Promise<void>;
  clock: Clock;
  drainMs: number;
}

/**
 * Calls and settlements end, then the spool drains, then everything is let go: each in what is left of `drainMs`. Resolves at its
 * end whoever does not answer; what hangs goes on behind it, so that a call that comes through late is recorded all the same.
 */
export function closeInTime(closing: Closing): Promise<void> {
  const leftMs = countdown(closing.clock, closing.drainMs);
  return withinDeadline(closing.drainMs, closeAfterCalls(closing, leftMs), () => undefined);
}

async function closeAfterCalls({ meter, lease, send, stopAlerts }: Closing, leftMs: TimeLeft): Promise<void> {
  // A gate that hangs must leave time for the ledger.
  const sendAnyhow = () => {
    meter.leave();
    void send().catch(() => undefined);
  };
  try {
    const calls = meter.close();
    await withinDeadline(leftMs() / 2, calls, sendAnyhow);
    await calls;
    await withinDeadline(leftMs() / 2, stopAlerts(), () => undefined);
  } finally {
    // What is recorded after the end of the time has a time of its own.
    await lease.release(leftMs() > 0 ? leftMs : undefined);
  }
}

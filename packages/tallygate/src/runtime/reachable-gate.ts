import { type BudgetGate, type Clock, type Logger, TallygateError } from '@tallygate/usage';
import { gateThrough } from './forwarding.ts';

export interface ReachableGateOptions {
  open(): Promise<BudgetGate>;
  clock: Clock;
  logger: Logger;
}

/** Between two tries to open; calls in between are told at once that there is no gate, and go by their budgets' policy. */
const REOPEN_AFTER_MS = 1_000;

/**
 * A gate on a server. One that does not answer at the start is no reason not to start: calls go on or are blocked as the last
 * good configuration says, their usage is recorded, and what was not settled is settled once the server is back. Opening waits
 * for the first try; no call waits for a later one.
 *
 * @throws TallygateError for what waiting cannot cure: a URL that is none, a server that evicts keys.
 */
export async function openReachableGate({ open, clock, logger }: ReachableGateOptions): Promise<BudgetGate> {
  let gate: BudgetGate | null = null;
  let failure: { error: unknown; atMonotonicMs: number } | null = null;
  let opening: Promise<void> | null = null;
  let closed = false;

  async function tryToOpen(): Promise<void> {
    try {
      gate = await open();
    } catch (error) {
      failure = { error, atMonotonicMs: clock.monotonicMs() };
    } finally {
      opening = null;
    }
  }

  async function opened(): Promise<BudgetGate> {
    if (gate !== null) return gate;
    const isDue = failure === null || clock.monotonicMs() - failure.atMonotonicMs >= REOPEN_AFTER_MS;
    if (isDue && !closed) opening ??= tryToOpen();
    throw failure?.error;
  }

  await tryToOpen();
  const first = failure as { error: unknown } | null;
  if (first !== null) {
    const isOutage =
      TallygateError.isInstance(first.error) && first.error.code === 'TALLYGATE_GATE_UNAVAILABLE';
    if (!isOutage) throw first.error;
    logger.warn('The gate does not answer yet; calls go by the outage policy of their budgets.', {
      cause: String(first.error),
    });
  }
  return gateThrough(
    async (question) => question(await opened()),
    async () => {
      closed = true;
      await opening;
      await gate?.close();
    },
  );
}

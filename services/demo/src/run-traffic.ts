import Anthropic from '@anthropic-ai/sdk';
import { BudgetExceededError, TallygateError } from '@tallygate/usage';
import type { PlannedCall } from './traffic.ts';

/** What the callers themselves saw. Everything else is asked of the ledger. */
export interface TrafficCounts {
  calls: number;
  streamed: number;
  denied: number;
  aborted: number;
}

const CALLERS = 8;

/** Plays the plan with a few concurrent callers. A denial is an answer like any other; an unexpected error ends the run. */
export async function runTraffic(
  plan: readonly PlannedCall[],
  clientOf: (call: PlannedCall) => Anthropic,
  onProgress: (done: number, total: number, counts: TrafficCounts) => void,
): Promise<TrafficCounts> {
  const counts: TrafficCounts = { calls: 0, streamed: 0, denied: 0, aborted: 0 };
  const waiting = [...plan];
  const caller = async () => {
    for (let call = waiting.shift(); call; call = waiting.shift()) {
      await play(call, clientOf(call), counts);
      counts.calls += 1;
      onProgress(counts.calls, plan.length, counts);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return counts;
}

async function play(call: PlannedCall, client: Anthropic, counts: TrafficCounts): Promise<void> {
  const options = { headers: call.headers, attribution: { team: call.team, feature: call.feature } };
  try {
    if (!call.streamed) {
      await client.messages.create(call.params, options);
      return;
    }
    const stream = await client.messages.create({ ...call.params, stream: true }, options);
    counts.streamed += 1;
    if (await leftEarly(stream, call.leaveAfterEvents)) counts.aborted += 1;
  } catch (error) {
    if (!(error instanceof BudgetExceededError)) throw explained(error);
    counts.denied += 1;
  }
}

/** Reads the stream, or the beginning of it. Leaving a `for await` is how applications abort. */
async function leftEarly(stream: AsyncIterable<unknown>, leaveAfterEvents: number | null): Promise<boolean> {
  let events = 0;
  for await (const _event of stream) {
    events += 1;
    if (events === leaveAfterEvents) return true;
  }
  return false;
}

/** What stops the run, in a sentence that says what to do. */
function explained(error: unknown): unknown {
  if (error instanceof Anthropic.AuthenticationError) {
    const message = 'The provider refused the API key.';
    return new TallygateError('TALLYGATE_KEY_REJECTED', {
      message,
      cure: 'Check ANTHROPIC_API_KEY.',
      cause: error,
    });
  }
  if (error instanceof Anthropic.APIConnectionError) {
    return new TallygateError('TALLYGATE_PROVIDER_UNAVAILABLE', {
      message: 'The provider cannot be reached.',
      cause: error,
    });
  }
  return error;
}

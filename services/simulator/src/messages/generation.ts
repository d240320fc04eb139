import { overloaded } from '../faults.ts';
import { errorEnvelope } from '../provider-error.ts';
import { eventsOf, type ServedMessage, type StreamEvent } from './events.ts';
import { pause } from './pause.ts';
import { NO_PROGRESS, type Progress } from './usage.ts';

/** How the generation of an answer ended. Every ending is billed for the progress it was told with. */
export type Ending = 'completed' | 'abandoned' | 'mid-stream-error' | 'cut';

export interface Generation {
  message: ServedMessage;
  requestId: string;
  delayMs: number;
  /** Aborts when the caller leaves. */
  signal: AbortSignal;
  /** Where and how the answer is to break, or null. */
  breakAt: { afterTokens: number; as: 'mid-stream-error' | 'cut' } | null;
  /** Severs the connection under the response; null where there is none, as in tests without a server. */
  cut: (() => void) | null;
  /** Told exactly once, before the caller can know of the ending: a bill asked for afterwards is complete. */
  onEnd(ending: Ending, progress: Progress): void;
}

/** Generates the whole answer at its pace, breaking or not. Null when the caller left before the end. */
export async function generateWhole(generation: Generation): Promise<Progress | null> {
  let progress = NO_PROGRESS;
  for (const event of eventsOf(generation.message)) {
    await pause(generation.delayMs, generation.signal);
    if (generation.signal.aborted) {
      generation.onEnd('abandoned', progress);
      return null;
    }
    progress = event.progress;
  }
  generation.onEnd(generation.breakAt?.as ?? 'completed', progress);
  return progress;
}

/** A response body that stops in the middle, with the connection. What it was about is billed all the same. */
export function cutInHalf(text: string, generation: Generation): ReadableStream<Uint8Array> {
  let sent = false;
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    await pause(generation.delayMs, generation.signal);
    if (sent) return sever(generation, controller);
    sent = true;
    controller.enqueue(encoder.encode(text.slice(0, text.length / 2)));
  };
  return new ReadableStream({ pull }, { highWaterMark: 0 });
}

/**
 * The answer as server-sent events. One event is generated per pull, so a reader that stops reading stops generation, and
 * a reader that leaves is billed for what it had pulled.
 */
export function generateStream(generation: Generation): ReadableStream<Uint8Array> {
  const events = eventsOf(generation.message);
  let progress = NO_PROGRESS;
  let ended = false;
  const end = (ending: Ending): void => {
    if (ended) return;
    ended = true;
    generation.onEnd(ending, progress);
  };
  const abandon = (): void => end('abandoned');
  generation.signal.addEventListener('abort', abandon, { once: true });
  // Left while its request was still being read: the event has passed.
  if (generation.signal.aborted) abandon();

  const step = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    const next = events.next();
    if (next.done) return;
    if (breaksAt(generation, next.value)) {
      breakOff(generation, controller, end);
      return;
    }
    progress = next.value.progress;
    const isLast = next.value.type === 'message_stop';
    if (isLast) end('completed');
    controller.enqueue(encoded(next.value));
    if (isLast) controller.close();
  };

  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    await pause(generation.delayMs, generation.signal);
    if (ended) controller.error(new Error('the caller left'));
    else step(controller);
  };
  // No queue of its own: what lies in a queue would be generated, and billed, before anyone wants it.
  return new ReadableStream({ pull, cancel: abandon }, { highWaterMark: 0 });
}

function breaksAt({ breakAt }: Generation, event: StreamEvent): boolean {
  return breakAt !== null && event.progress.outputTokens > breakAt.afterTokens;
}

function breakOff(
  generation: Generation,
  controller: ReadableStreamDefaultController<Uint8Array>,
  end: (ending: Ending) => void,
): void {
  const as = generation.breakAt?.as ?? 'cut';
  end(as);
  if (as === 'cut') {
    sever(generation, controller);
    return;
  }
  const data = errorEnvelope(overloaded(), generation.requestId);
  controller.enqueue(encoded({ type: 'error', data }));
  controller.close();
}

/** Destroying the socket reaches the reader as a cancellation; without one, an errored stream is the same to it. */
function sever(generation: Generation, controller: ReadableStreamDefaultController<Uint8Array>): void {
  if (generation.cut === null) controller.error(new Error('connection cut'));
  else generation.cut();
}

const encoder = new TextEncoder();

function encoded({ type, data }: Pick<StreamEvent, 'type' | 'data'>): Uint8Array {
  return encoder.encode(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
}

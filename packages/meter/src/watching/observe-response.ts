import type { Answer } from '../answer.ts';
import { isEventStream, jsonReading, type ReadingReports, streamReading } from './readings.ts';
import { watchResponse } from './watch-response.ts';

export interface ResponseObserver {
  /** What the request asked for. */
  readonly expectsStream: boolean;
  /** Somebody began to read: `answer` fills up as they do. */
  onReading(answer: Answer): void;
  /** Bytes arrived. Called often; must be cheap. */
  onBytes(): void;
  /** Nobody can read any more: the response and all that was made of it are gone, and `onEnd` was never called. */
  onForgotten(): void;
  /** Called at most once, when the body was read whole, broke off or was left. `error` is null unless reading failed. */
  onEnd(answer: Answer, end: { broken: boolean; error: unknown }): void;
}

/**
 * Watches what the response says while the caller reads it. A body that nobody reads ends nothing while anybody still could;
 * then the observer is told that it was forgotten.
 */
export function observeResponse(response: Response, observer: ResponseObserver): Response {
  const read = isEventStream(response, observer.expectsStream) ? streamReading : jsonReading;
  // Everything that can still read holds on to it: when it is collected, nobody can.
  const watch = { openReaders: 0, concluded: false };
  const registration: Registration = { observer };
  forgotten.register(watch, registration, registration);

  /** The first whole answer counts, a broken one only when no other response is left to read. */
  function finish(answer: Answer, error: unknown): void {
    watch.openReaders -= 1;
    const isLast = watch.openReaders <= 0;
    if (watch.concluded || (!answer.complete && answer.errorCode === null && !isLast)) return;
    watch.concluded = true;
    registration.observer = null;
    forgotten.unregister(registration);
    observer.onEnd(answer, { broken: !answer.complete, error });
  }

  return watchResponse(response, () => {
    watch.openReaders += 1;
    return () => read({ onReading: observer.onReading, onBytes: observer.onBytes, finish: once(finish) });
  });
}

function once(finish: ReadingReports['finish']): ReadingReports['finish'] {
  let isFinished = false;
  return (answer, error) => {
    if (isFinished) return;
    isFinished = true;
    finish(answer, error);
  };
}

/**
 * The engine keeps what was registered until its next full collection, also when it was taken back. So the observer, and with it
 * all that is known of the attempt, is let go when the answer is over.
 */
interface Registration {
  observer: ResponseObserver | null;
}

const forgotten = new FinalizationRegistry<Registration>(({ observer }) => observer?.onForgotten());

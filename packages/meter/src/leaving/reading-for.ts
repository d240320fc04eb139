import type { ResponseObserver } from '../watching/observe-response.ts';
import { isEventStream, jsonReading, streamReading } from '../watching/readings.ts';
import type { StreamTap } from '../watching/watch-reads.ts';

/** The only reading of a body, whoever asks for its bytes. */
export function readingFor(response: Response, observer: ResponseObserver): StreamTap {
  let finished = false;
  const read = isEventStream(response, observer.expectsStream) ? streamReading : jsonReading;
  return read({
    onReading: observer.onReading,
    onBytes: observer.onBytes,
    finish(answer, error) {
      if (finished) return;
      finished = true;
      observer.onEnd(answer, { broken: !answer.complete, error });
    },
  });
}

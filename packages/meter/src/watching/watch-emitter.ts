import { createShadow } from './shadow.ts';
import { passOn, type StreamTap } from './watch-reads.ts';

/** As much of a stream of Node as is needed to see what passes. */
export interface EmittingStream {
  emit(event: string | symbol, ...values: unknown[]): boolean;
}

/**
 * The same stream of Node, watched: some libraries' responses have one for a body (`node-fetch`). Whichever way it is read, each
 * chunk is emitted as it is handed to the reader, and so is how it ended.
 */
export function watchEmitter(stream: EmittingStream, start: () => StreamTap): void {
  let tap: StreamTap | null = null;
  shadowEmitter(stream, () => {
    tap ??= start();
    return tap;
  });
}

const shadowEmitter = createShadow<EmittingStream, () => StreamTap>((native, tapOf) => ({
  emit(this: EmittingStream, event: string | symbol, ...values: unknown[]) {
    tell(tapOf(this), event, values[0]);
    return native.emit.call(this, event, ...values);
  },
}));

/** After its end, and after an error, a stream closes all the same: the first of them counts. */
function tell(tapOf: () => StreamTap, event: string | symbol, value: unknown): void {
  if (event === 'data') passOn({ done: false, value: bytesOf(value) }, tapOf());
  else if (event === 'end') passOn({ done: true, value: undefined }, tapOf());
  else if (event === 'error') tapOf().broken(value);
  else if (event === 'close') tapOf().broken(null);
}

/** A stream may have been told to decode its bytes. */
function bytesOf(chunk: unknown): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array);
}

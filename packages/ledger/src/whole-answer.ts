/**
 * A server that fails after its first bytes has answered 200 already. It says so at the end of the bytes, between marks that carry a
 * tag from its headers; a file of such bytes looks whole to everybody else.
 */
import { pipeline, type Readable, Transform } from 'node:stream';

export const EXCEPTION_TAG = 'x-clickhouse-exception-tag';

/** Its message is shorter than that, marks and all. */
const FAILURE_BYTES_MAX = 32_768;

/** @param tag absent where the engine is embedded, and from servers before 25.11, which break the connection. */
export function wholeAnswer(bytes: Readable, tag: unknown): Readable {
  if (typeof tag !== 'string') return bytes;
  const mark = `__exception__\r\n${tag}\r\n`;
  let end = Buffer.alloc(0);
  const watched = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      end = Buffer.concat([end, chunk.subarray(-FAILURE_BYTES_MAX)]).subarray(-FAILURE_BYTES_MAX);
      done(null, chunk);
    },
    flush(done) {
      const at = end.lastIndexOf(mark);
      done(at === -1 ? null : new Error(end.toString('utf8', at + mark.length)));
    },
  });
  // An error of either reaches whoever reads what is watched.
  return pipeline(bytes, watched, () => {});
}

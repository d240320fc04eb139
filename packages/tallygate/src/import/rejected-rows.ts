import { createWriteStream, renameSync, rmSync, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { FileRecord } from './records.ts';

/** What could not be imported, beside the file, each with line and reason. It can be corrected there and imported from there. */
export interface RejectedRows {
  add(record: FileRecord, reason: string): Promise<void>;
  /** The finished file, or null where nothing was rejected. */
  close(): Promise<string | null>;
  discard(): void;
}

/** Written under another name until it is whole: one that is cut off takes no earlier one away. */
export function openRejectedRows(file: string): RejectedRows {
  const path = `${file}.rejected.jsonl`;
  const unfinished = `${path}.new`;
  let stream: WriteStream | null = null;
  return {
    async add(record, reason) {
      // The rows are those of the file, so they are kept from the eyes that have no business with it.
      stream ??= createWriteStream(unfinished, { mode: 0o600 });
      const { line } = record;
      const what = 'value' in record ? { row: record.value } : { text: record.text };
      if (!stream.write(`${JSON.stringify({ line, reason, ...what })}\n`)) {
        const full = stream;
        await new Promise<void>((resolve, reject) => full.once('drain', resolve).once('error', reject));
      }
    },
    async close() {
      if (stream === null) return null;
      stream.end();
      await finished(stream);
      renameSync(unfinished, path);
      return path;
    },
    discard() {
      stream?.destroy();
      rmSync(unfinished, { force: true });
    },
  };
}

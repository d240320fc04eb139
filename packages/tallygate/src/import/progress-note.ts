import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How many records of a file are in the ledger, kept beside it, so that an import that was cut off goes on where it stopped. */
export interface ProgressNote {
  /** 0 where nobody has begun, or the note cannot be read: a line that is imported twice counts once. */
  storedRecords(): number;
  save(records: number): void;
  remove(): void;
}

/** @param subject all that makes it the same import: the file as it is, and how it is read. */
export function openProgressNote(dataDirectory: string, subject: Record<string, unknown>): ProgressNote {
  const name = createHash('sha256').update(JSON.stringify(subject)).digest('hex').slice(0, 32);
  const folder = join(dataDirectory, 'imports');
  const path = join(folder, `${name}.json`);
  return {
    storedRecords() {
      try {
        const { records } = JSON.parse(readFileSync(path, 'utf8')) as { records?: unknown };
        return typeof records === 'number' && Number.isSafeInteger(records) ? records : 0;
      } catch {
        return 0;
      }
    },
    save(records) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(`${path}.new`, JSON.stringify({ records }), { mode: 0o600 });
      renameSync(`${path}.new`, path);
    },
    remove: () => rmSync(path, { force: true }),
  };
}

import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { TallygateError } from '@tallygate/usage';
import { z } from 'zod';
import { processIdentitySchema } from './process-identity.ts';

/**
 * The files of an owner's lock: `<data>/owner.lock/<number>.json`. Each appears complete or not at all, and once. What their
 * presence means is decided in `owner-lock.ts`.
 */

const RECORD_VERSION = 1;

const ownerRecordSchema = z.object({
  version: z.literal(RECORD_VERSION),
  owner: processIdentitySchema,
  socketPath: z.string().min(1),
  acquiredAtMs: z.number().int(),
  released: z.boolean(),
});

export interface OwnerRecord extends Omit<z.output<typeof ownerRecordSchema>, 'version'> {
  generation: number;
}

export interface OwnerRecords {
  latest(): OwnerRecord | null;
  latestGeneration(): number;
  /** False: another process created that number first. */
  create(record: OwnerRecord): boolean;
  replace(record: OwnerRecord): void;
  remove(generation: number): void;
  removeOlderThan(generation: number): void;
}

const NAME = /^\d{12}\.json$/;

/** @param directory the data directory, which exists. */
export function openOwnerRecords(directory: string): OwnerRecords {
  const folder = join(directory, 'owner.lock');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const pathOf = (generation: number) => join(folder, nameOf(generation));

  const latestGeneration = () =>
    Math.max(
      0,
      ...readdirSync(folder).flatMap((name) => (NAME.test(name) ? [Number.parseInt(name, 10)] : [])),
    );

  return {
    latestGeneration,
    latest() {
      for (;;) {
        const generation = latestGeneration();
        if (generation === 0) return null;
        const text = readIfPresent(pathOf(generation));
        // Gone since it was listed: a higher number stands by now.
        if (text !== null) return { ...parseRecord(text, pathOf(generation)), generation };
      }
    },
    create(record) {
      const draft = writeDraft(folder, record);
      try {
        linkSync(draft, pathOf(record.generation));
        return true;
      } catch (error) {
        // ENOENT: a new owner cleared the drafts between our two steps.
        if (hasCode(error, 'EEXIST') || hasCode(error, 'ENOENT')) return false;
        throw error;
      } finally {
        rmSync(draft, { force: true });
      }
    },
    replace: (record) => renameSync(writeDraft(folder, record), pathOf(record.generation)),
    remove: (generation) => rmSync(pathOf(generation), { force: true }),
    removeOlderThan(generation) {
      const isOlder = (name: string) => NAME.test(name) && name < nameOf(generation);
      for (const name of readdirSync(folder)) {
        // Drafts too: of processes that died while they wrote one. A living one just tries again.
        if (name.startsWith('draft-') || isOlder(name)) rmSync(join(folder, name), { force: true });
      }
    },
  };
}

function writeDraft(folder: string, { generation: _inItsName, ...record }: OwnerRecord): string {
  const path = join(folder, `draft-${randomUUID()}`);
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, JSON.stringify({ version: RECORD_VERSION, ...record }));
    // Linked before its bytes are on disk, a power cut would leave a lock that nobody can read.
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return path;
}

function parseRecord(text: string, path: string): Omit<OwnerRecord, 'generation'> {
  const json = parseJson(text);
  const version = z.object({ version: z.number().int() }).safeParse(json).data?.version ?? RECORD_VERSION;
  if (version > RECORD_VERSION) {
    throw new TallygateError('TALLYGATE_VERSION_UNSUPPORTED', {
      message: `The lock ${path} is of version ${version}; this process knows up to ${RECORD_VERSION}.`,
    });
  }
  const record = ownerRecordSchema.safeParse(json);
  if (record.success) return record.data;
  throw new TallygateError('TALLYGATE_DIRECTORY_OWNED', {
    message: `The lock ${path} cannot be read, so its owner is not known.`,
    cure: 'When no process uses the directory, remove that file.',
  });
}

function nameOf(generation: number): string {
  return `${String(generation).padStart(12, '0')}.json`;
}

function readIfPresent(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

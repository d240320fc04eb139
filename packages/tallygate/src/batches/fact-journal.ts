import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type BatchFact, type BatchKey, batchFactSchema, type Logger, toWireJson } from '@tallygate/usage';
import { z } from 'zod';

const waitingSchema = z.object({
  version: z.literal(1),
  organization: z.string(),
  batchId: z.string(),
  fact: batchFactSchema,
});
export type WaitingFact = Omit<z.output<typeof waitingSchema>, 'version'> & { path: string };

/** Facts that wait for the ledger, a file each: `<data>/batches/<instant>-<uuid>.json`, there whole or not at all. */
export interface FactJournal {
  write(key: BatchKey, fact: BatchFact, nowMs: number): void;
  /** Oldest first. */
  waiting(): WaitingFact[];
  remove(fact: WaitingFact): void;
}

export function openFactJournal(directory: string, logger: Logger): FactJournal {
  return {
    write({ organization, batchId }, fact, nowMs) {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const name = join(directory, `${String(nowMs).padStart(15, '0')}-${randomUUID()}`);
      writeSynced(`${name}.draft`, toWireJson({ version: 1, organization, batchId, fact }));
      renameSync(`${name}.draft`, `${name}.json`);
    },
    waiting: () => namesIn(directory).flatMap((name) => readWaiting(join(directory, name), logger)),
    remove: ({ path }) => rmSync(path, { force: true }),
  };
}

function writeSynced(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function readWaiting(path: string, logger: Logger): WaitingFact[] {
  const text = readIfPresent(path);
  // Another process has just stored it.
  if (text === null) return [];
  const fact = waitingSchema.safeParse(parsed(text));
  if (fact.success) return [{ ...fact.data, path }];
  logger.warn('a fact about a batch cannot be read and stays in the journal', { path });
  return [];
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.json'))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function readIfPresent(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

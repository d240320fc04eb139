import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import {
  type ConfigurationSnapshot,
  type ConfigVersionRecord,
  configurationSnapshotSchema,
  type Logger,
  TallygateError,
  toWireJson,
} from '@tallygate/usage';

/**
 * Snapshots as files, so that budgets outlive the process that holds them: what the owner of a directory last published, and
 * what an application last saw of a gate that is elsewhere. Written whole, then renamed.
 */
export function saveConfigurationFile(path: string, snapshot: ConfigurationSnapshot): void {
  const draft = `${path}.${randomUUID()}`;
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeSync(file, toWireJson(configurationSnapshotSchema.encode(snapshot)));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
}

/**
 * Null when there is none.
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` when it is there and cannot be read.
 */
export function readConfigurationFile(path: string): ConfigurationSnapshot | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return parseSnapshot(parseJson(text), path);
}

/** What the ledger's record of a publication made live. @throws as above. */
export function snapshotOf(record: ConfigVersionRecord): ConfigurationSnapshot {
  return parseSnapshot(record.after, 'the ledger');
}

/**
 * The newest of what the file and the ledger remember; null when nobody has published yet. Either may be behind: the file
 * when the directory was restored, the ledger when a process died between going live and writing the record.
 *
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` when one of them cannot be read: to start without budgets would
 * be to enforce nothing.
 */
export function newestConfiguration(
  path: string,
  record: ConfigVersionRecord | null,
  logger: Logger,
): ConfigurationSnapshot | null {
  const fromFile = readConfigurationFile(path);
  const fromLedger = record === null ? null : snapshotOf(record);
  if (fromFile === null || fromLedger === null) return fromFile ?? fromLedger;
  if (fromFile.version > fromLedger.version) {
    logger.warn('The ledger has no record of the live configuration.', { version: fromFile.version });
  }
  return fromFile.version >= fromLedger.version ? fromFile : fromLedger;
}

function parseSnapshot(json: unknown, where: string): ConfigurationSnapshot {
  const snapshot = configurationSnapshotSchema.safeParse(json);
  if (snapshot.success) return snapshot.data;
  const [issue] = snapshot.error.issues;
  throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `The last configuration in ${where} cannot be read (${issue?.path.join('.')}: ${issue?.message}).`,
    cure: 'Restore it from a copy, or remove it and publish tallygate.yaml again with "tallygate apply".',
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

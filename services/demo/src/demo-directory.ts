import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { TallygateError } from '@tallygate/usage';
import { liveOwner } from 'tallygate';
import type { DemoOptions } from './options.ts';

/** Marks a directory that a demonstration made: only such a one is ever emptied. */
const MARKER = 'made-by-npm-start';

export interface DemoDirectory {
  path: string;
  /** Removes it where it was only for this run. */
  dispose(): void;
}

/**
 * Every demonstration starts from nothing, because the stand-in provider does too. A named directory, or `.tallygate`, is
 * emptied when an earlier demonstration made it, and refused when somebody's data is in it.
 */
export function prepareDirectory(options: DemoOptions): DemoDirectory {
  if (options.dataDirectory === null && options.once) {
    const path = mkdtempSync(join(tmpdir(), 'tallygate-demo-'));
    return { path, dispose: () => rmSync(path, { recursive: true, force: true }) };
  }
  const path = resolve(options.dataDirectory ?? '.tallygate');
  if (existsSync(path) && readdirSync(path).length > 0) {
    if (liveOwner(path) !== null) throw owned(path);
    if (!existsSync(join(path, MARKER))) throw notOurs(path);
    rmSync(path, { recursive: true });
  }
  mkdirSync(path, { recursive: true, mode: 0o700 });
  writeFileSync(join(path, MARKER), 'A demonstration may empty this directory.\n');
  return { path, dispose: () => undefined };
}

function owned(path: string): TallygateError {
  return new TallygateError('TALLYGATE_DIRECTORY_OWNED', {
    message: `${path} is in use by another process.`,
  });
}

function notOurs(path: string): TallygateError {
  return new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `${path} holds data that no demonstration made.`,
    cure: 'Name another directory: npm start -- --data <directory>.',
  });
}

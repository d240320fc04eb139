import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const CACHE = fileURLToPath(new URL('../../../.tallygate/bench-peers/', import.meta.url));

/** The exact version of each dependency in `package.json` of this folder. */
export function pinnedVersions(): Record<string, string> {
  const manifest = JSON.parse(readFileSync(join(HERE, 'package.json'), 'utf8'));
  return (manifest as { dependencies: Record<string, string> }).dependencies;
}

/**
 * The folder that holds the peers exactly as locked, installed when it is missing. They are no part of the workspace: who
 * works on the project need not have them. Nothing of theirs runs at installation.
 * @throws Error when npm cannot install them, in npm's words.
 */
export function installPeers(): string {
  const lock = readFileSync(join(HERE, 'package-lock.json'));
  const folder = join(CACHE, createHash('sha256').update(lock).digest('hex').slice(0, 12));
  // npm writes this file last.
  if (existsSync(join(folder, 'node_modules/.package-lock.json'))) return folder;
  if (process.stderr.isTTY) process.stderr.write('Installing the peers, once (about 300 MB) …\n');
  mkdirSync(folder, { recursive: true });
  for (const file of ['package.json', 'package-lock.json'])
    copyFileSync(join(HERE, file), join(folder, file));
  const command = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status, stderr, error } = spawnSync('npm', command, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm could not install the peers: ${error?.message ?? stderr.trim()}`);
  return folder;
}

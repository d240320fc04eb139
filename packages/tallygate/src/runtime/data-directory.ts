import { createHash, randomBytes, randomUUID } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { TallygateError } from '@tallygate/usage';

/** Files of a data directory and their rights: the directory 0700, token and socket 0600. Nobody else may read or gate. */
export interface DataDirectory {
  path: string;
  spoolRoot: string;
  ledger: string;
  /** Facts about batches that wait for the ledger. */
  batches: string;
  /** What the owner last published. */
  configurationFile: string;
  /** What this directory's processes last saw of their gate, wherever that is. */
  lastGoodFile: string;
  tokenFile: string;
}

/** A socket's address holds about 104 bytes on macOS and 108 on Linux; longer ones are cut, which would be another path. */
const SOCKET_PATH_BYTES_MAX = 100;

/** @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` when the directory cannot be made or is not one. */
export function openDataDirectory(path: string): DataDirectory {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const mode = statSync(path).mode & 0o777;
    // Made by somebody else before us: the token in it must not be readable by others all the same.
    if ((mode & 0o077) !== 0) chmodSync(path, mode & 0o700);
    // One that exists on a read-only file system is found out here, not at the first call.
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
      message: `The data directory ${path} cannot be used (${(cause as NodeJS.ErrnoException).code ?? 'unknown'}).`,
      cure: 'Set TALLYGATE_DATA to a directory that this process may write.',
      cause,
    });
  }
  return filesOf(path);
}

/** Only looks: makes nothing. */
export function holdsLedger(path: string): boolean {
  return existsSync(filesOf(path).ledger);
}

function filesOf(path: string): DataDirectory {
  return {
    path,
    spoolRoot: join(path, 'spool'),
    ledger: join(path, 'ledger'),
    batches: join(path, 'batches'),
    configurationFile: join(path, 'configuration.json'),
    lastGoodFile: join(path, 'last-good.json'),
    tokenFile: join(path, 'token'),
  };
}

/**
 * `<data>/owner.sock`, or where that is too long a path in a private directory under the system's temporary one. The same
 * directory always has the same path; clients find it in the owner's record all the same.
 *
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` when the private directory belongs to somebody else.
 */
export function chooseSocketPath(dataDirectory: string, temporaryDirectory = tmpdir()): string {
  const preferred = join(dataDirectory, 'owner.sock');
  if (Buffer.byteLength(preferred) <= SOCKET_PATH_BYTES_MAX) return preferred;
  const user = userInfo().uid;
  const folder = join(temporaryDirectory, `tallygate-${user}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  // Anybody may have made it before us, and would then hold the socket through which budgets are asked.
  if (!found.isDirectory() || found.uid !== user || (found.mode & 0o077) !== 0) {
    throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
      message: `${folder} is not a private directory of this user.`,
      cure: `Remove it, or set TALLYGATE_DATA to a path shorter than ${dataDirectory}.`,
    });
  }
  return join(folder, `${createHash('sha256').update(dataDirectory).digest('hex').slice(0, 16)}.sock`);
}

/** The token of the directory: made once, whoever comes first; 32 random bytes. Only an owner makes it. */
export function ensureToken(directory: DataDirectory): string {
  for (;;) {
    const token = readToken(directory.tokenFile);
    if (token !== null) return token;
    createToken(directory);
  }
}

/** Complete or not at all, and never over an existing one: a client may have read that already. */
function createToken({ path, tokenFile }: DataDirectory): void {
  const draft = join(path, `token-${randomUUID()}`);
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeSync(file, `${randomBytes(32).toString('base64url')}\n`);
    fsyncSync(file);
    linkSync(draft, tokenFile);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    closeSync(file);
    rmSync(draft, { force: true });
  }
}

/** Null until the first owner has made it. */
export function readToken(tokenFile: string): string | null {
  try {
    return readFileSync(tokenFile, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

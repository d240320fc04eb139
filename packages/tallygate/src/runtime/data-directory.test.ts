import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chooseSocketPath, ensureToken, openDataDirectory, readToken } from './data-directory.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tg-data-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe('openDataDirectory', () => {
  it('makes a directory that nobody else can enter, parents included', () => {
    openDataDirectory(join(root, 'a', 'b'));
    expect([modeOf(join(root, 'a')), modeOf(join(root, 'a', 'b'))]).toEqual(['700', '700']);
  });

  it('closes one that others could enter', () => {
    const path = join(root, 'open');
    mkdirSync(path);
    chmodSync(path, 0o777);
    openDataDirectory(path);
    expect(modeOf(path)).toBe('700');
  });

  it('says what is wrong with a path that is a file', () => {
    writeFileSync(join(root, 'file'), '');
    expect(() => openDataDirectory(join(root, 'file'))).toThrow(
      expect.objectContaining({ code: 'TALLYGATE_CONFIGURATION_INVALID' }),
    );
  });
});

describe('the token', () => {
  it('is 32 random bytes, for its owner only, and stays', () => {
    const directory = openDataDirectory(root);
    expect(readToken(directory.tokenFile)).toBeNull();
    const token = ensureToken(directory);
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect(modeOf(directory.tokenFile)).toBe('600');
    expect(ensureToken(directory)).toBe(token);
    expect(readFileSync(directory.tokenFile, 'utf8').trim()).toBe(token);
    expect(ensureToken(openDataDirectory(join(root, 'other')))).not.toBe(token);
  });
});

describe('chooseSocketPath', () => {
  const long = () => join(root, 'x'.repeat(120));

  it('is in the data directory while an address can hold it', () => {
    expect(chooseSocketPath('/data')).toBe('/data/owner.sock');
    expect(Buffer.byteLength(chooseSocketPath(`/${'ü'.repeat(60)}`, root))).toBeLessThanOrEqual(104);
  });

  it('is else a private one, the same for the same directory and no other', () => {
    const path = chooseSocketPath(long(), root);
    expect(chooseSocketPath(long(), root)).toBe(path);
    expect(chooseSocketPath(`${long()}y`, root)).not.toBe(path);
    expect(modeOf(join(path, '..'))).toBe('700');
  });

  it('refuses a private directory that others can enter, or that only points elsewhere', () => {
    const folder = join(chooseSocketPath(long(), root), '..');
    const refusal = expect.objectContaining({ code: 'TALLYGATE_CONFIGURATION_INVALID' });
    chmodSync(folder, 0o755);
    expect(() => chooseSocketPath(long(), root)).toThrow(refusal);
    rmSync(folder, { recursive: true });
    mkdirSync(join(root, 'elsewhere'), { mode: 0o700 });
    symlinkSync(join(root, 'elsewhere'), folder);
    expect(() => chooseSocketPath(long(), root)).toThrow(refusal);
  });
});

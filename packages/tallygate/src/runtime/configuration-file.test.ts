import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ConfigVersionRecord,
  configurationSnapshotSchema,
  emptyConfiguration,
  silentLogger,
} from '@tallygate/usage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newestConfiguration, readConfigurationFile, saveConfigurationFile } from './configuration-file.ts';
import { openLastGood } from './last-good.ts';

let root: string;
let path: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tg-configuration-'));
  path = join(root, 'configuration.json');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const limit = 2n ** 62n + 1n;
const budget = {
  id: 'all',
  scope: {},
  period: 'month',
  timeZone: 'UTC',
  onOutage: 'block',
  limit,
} as const;
const versionOf = (version: number) => ({ ...emptyConfiguration('acme'), version, budgets: [budget] });

function recordOf(version: number): ConfigVersionRecord {
  const after = configurationSnapshotSchema.encode(versionOf(version));
  const said = { actor: 'a', reason: 'r', publishedAtMs: 0, before: null };
  return { organization: 'acme', version, ...said, after };
}

describe('the configuration kept in a directory', () => {
  it('comes back exact, is for its owner only, and leaves no draft', () => {
    saveConfigurationFile(path, versionOf(3));
    saveConfigurationFile(path, versionOf(4));
    expect(readConfigurationFile(path)).toEqual(versionOf(4));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(root)).toEqual(['configuration.json']);
  });

  it.each([
    [null, null, null],
    [3, null, 3],
    [null, 3, 3],
    [4, 3, 4],
    [3, 4, 4],
  ])('file %s and ledger %s make %s live', (inFile, inLedger, live) => {
    if (inFile !== null) saveConfigurationFile(path, versionOf(inFile));
    const record = inLedger === null ? null : recordOf(inLedger);
    expect(newestConfiguration(path, record, silentLogger)?.version ?? null).toBe(live);
  });

  it.each(['', '{', '{"version":1}'])('is never replaced by "no budgets" when it reads %j', (text) => {
    writeFileSync(path, text);
    expect(() => newestConfiguration(path, recordOf(9), silentLogger)).toThrow(
      expect.objectContaining({ code: 'TALLYGATE_CONFIGURATION_INVALID' }),
    );
  });
});

describe('the last good configuration', () => {
  it('is remembered across processes, and only for its own organization', () => {
    openLastGood(path, 'acme', silentLogger).remember(versionOf(5));
    expect(openLastGood(path, 'acme', silentLogger).read()?.version).toBe(5);
    expect(openLastGood(path, 'globex', silentLogger).read()).toBeNull();
  });

  it('never fails a call, whatever the disk does', () => {
    writeFileSync(path, 'torn {');
    const warned: string[] = [];
    const logger = { ...silentLogger, warn: (message: string) => warned.push(message) };
    expect(openLastGood(path, 'acme', logger).read()).toBeNull();
    openLastGood(join(root, 'missing', 'file'), 'acme', logger).remember(versionOf(5));
    expect(warned).toHaveLength(2);
  });
});

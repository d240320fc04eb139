import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const BIN = fileURLToPath(new URL('../../bin/tallygate.js', import.meta.url));

describe('bin/tallygate.js', () => {
  it('may be executed', () => {
    expect(statSync(BIN).mode & 0o111).toBe(0o111);
  });

  it('names the one command to run where nothing is built yet', () => {
    const bin = join(mkdtempSync(join(tmpdir(), 'tallygate-bin-')), 'bin');
    mkdirSync(bin);
    copyFileSync(BIN, join(bin, 'tallygate.mjs'));
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(bin, 'tallygate.mjs'), 'report'], {
      encoding: 'utf8',
    });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toBe('tallygate: This checkout is not built yet. Run "npm run build".\n');
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@tallygate/usage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostLabel, ownerIsAlive, readOwner, touchOwner, writeOwner } from './owner.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tallygate-owner-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function ownerHere() {
  writeOwner(directory, systemClock);
  const owner = readOwner(directory);
  if (owner === null) throw new Error('the owner was just written');
  return owner;
}

describe('the owner of a spool', () => {
  it('is this process, alive, however long it has been silent', () => {
    const owner = ownerHere();
    expect(owner.pid).toBe(process.pid);
    expect(ownerIsAlive(owner, owner.lastSeenAtMs + 1e9)).toBe(true);
  });

  it('is dead once its process is gone, at once', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    expect(ownerIsAlive({ ...ownerHere(), pid: child.pid ?? 0 }, systemClock.nowMs())).toBe(false);
  });

  it('is dead when its process id belongs to a later process', () => {
    expect(ownerIsAlive({ ...ownerHere(), processStart: '1' }, systemClock.nowMs())).toBe(false);
  });

  it('in another container or on another machine is judged by silence, not by a process id that means nothing here', () => {
    const owner = ownerHere();
    for (const elsewhere of [{ host: 'other' }, { bootId: 'other' }, { pidNamespace: 'other' }]) {
      const stranger = { ...owner, ...elsewhere, pid: 999_999_999 };
      expect(ownerIsAlive(stranger, owner.lastSeenAtMs + 299_999)).toBe(true);
      expect(ownerIsAlive(stranger, owner.lastSeenAtMs + 300_000)).toBe(false);
    }
  });

  it('shows when it was last seen', () => {
    ownerHere();
    touchOwner(directory, { ...systemClock, nowMs: () => 1_790_000_000_000 });
    expect(readOwner(directory)?.lastSeenAtMs).toBe(1_790_000_000_000);
  });

  it('is nobody where there is no file, or none that can be read', () => {
    expect(readOwner(directory)).toBeNull();
    writeFileSync(join(directory, 'owner.json'), '{"pid":');
    expect(readOwner(directory)).toBeNull();
  });
});

it('the name of a host is fit for file names and tokens', () => {
  expect(hostLabel()).toMatch(/^[A-Za-z0-9-]{1,40}$/);
});

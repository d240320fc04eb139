import * as fs from 'node:fs';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DenialRecord, type SealedSegment, silentLogger, systemClock } from '@tallygate/usage';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openSpool } from './spool.ts';

/** Which calls of fdatasync fail, by their number. */
const disk = vi.hoisted(() => ({
  calls: 0,
  fails: (_call: number): boolean => false,
  /** How long a call takes; by the descriptor, which may have been closed by then. */
  takesMs: (_call: number): number => 0,
}));
vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  fdatasync(descriptor: number, done: (error: Error | null) => void) {
    disk.calls += 1;
    const error = disk.fails(disk.calls) ? new Error('EIO: i/o error, fdatasync') : null;
    const takesMs = disk.takesMs(disk.calls);
    if (takesMs === 0) done(error);
    else setTimeout(() => fs.fstat(descriptor, (closed) => done(error ?? closed)), takesMs);
  },
}));

let root: string;
const errors: string[] = [];
const logger = { ...silentLogger, error: (message: string) => void errors.push(message) };
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tallygate-fsync-'));
  Object.assign(disk, { calls: 0, fails: () => false, takesMs: () => 0 });
  errors.length = 0;
});
afterEach(() => rmSync(root, { recursive: true }));

const denialOf = (denialId: string): DenialRecord => ({
  denialId,
  attemptId: 'attempt',
  organization: 'acme',
  budgetId: 'support',
  scope: {},
  unit: 'month',
  timeZone: 'UTC',
  periodStartMs: 0,
  periodEndMs: 1,
  limit: 1n,
  spent: 1n,
  held: 0n,
  needed: 1n,
  retryAtMs: 1,
  atMs: 0,
  enforced: true,
  attribution: {
    team: 't',
    feature: 'f',
    environment: 'e',
    userPseudonym: null,
    workflow: null,
    taskType: null,
    tags: {},
  },
  requestModel: 'm',
});

async function recorded(durability: 'os' | 'fsync') {
  const segments: SealedSegment[] = [];
  const destination = { store: async (segment: SealedSegment) => void segments.push(segment) };
  const spool = await openSpool({ directory: root, destination, clock: systemClock, logger, durability });
  for (const id of ['a', 'b']) spool.recordDenial(denialOf(id));
  return { spool, ids: () => segments.flatMap(({ denials }) => denials.map(({ denialId }) => denialId)) };
}

describe('a disk that does not confirm', () => {
  it('gets the segment once more in another file, and the first one is not asked again', async () => {
    disk.fails = (call) => call === 1;
    const { spool, ids } = await recorded('os');
    expect(await spool.flush()).toMatchObject({ pending: 0 });
    expect(ids()).toEqual(['a', 'b']);
    expect(disk.calls).toBe(2);
    expect(readdirSync(spool.directory).sort()).toEqual(['000002.done', 'owner.json']);
    expect(errors).toEqual(['disk did not confirm a segment, it is written again']);
    await spool.close();
  });

  it('twice is told, and what the page cache has is sent all the same', async () => {
    disk.fails = () => true;
    const { spool, ids } = await recorded('os');
    await spool.flush();
    expect(ids()).toEqual(['a', 'b']);
    expect(errors).toContain('disk did not confirm it again, it is sent all the same');
    await spool.close();
  });

  it('is no acknowledgement where that waits for the disk', async () => {
    disk.fails = (call) => call === 1;
    const { spool, ids } = await recorded('fsync');
    await expect(spool.persisted()).rejects.toMatchObject({ code: 'TALLYGATE_SPOOL_FAILED' });
    // The disk would confirm now, and mean only what came later.
    spool.recordDenial(denialOf('c'));
    await expect(spool.persisted()).rejects.toMatchObject({ code: 'TALLYGATE_SPOOL_FAILED' });
    await spool.flush();
    await spool.persisted();
    expect(ids()).toEqual(['a', 'b', 'c']);
    await spool.close();
  });
});

describe('a segment that is sealed while records of it wait for the disk', () => {
  it('is closed when the disk is through with all of it: nothing of that is a failure', async () => {
    // Begun first by the seal, and meanwhile by those who wait: theirs takes longer.
    disk.takesMs = (call) => (call === 1 ? 20 : 60);
    const { spool, ids } = await recorded('fsync');
    const persisted = spool.persisted();
    const flushed = spool.flush();
    await expect(persisted).resolves.toBeUndefined();
    await flushed;
    expect(ids()).toEqual(['a', 'b']);
    expect(errors).toEqual([]);
    await spool.close();
  });
});

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimOwnership } from './owner-lock.ts';
import { openOwnerRecords } from './owner-records.ts';
import { type ProcessIdentity, thisProcess } from './process-identity.ts';

let directory: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tg-lock-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

const claimIn = (path: string, nowMs = 0) =>
  claimOwnership({
    directory: path,
    socketPath: join(path, 'owner.sock'),
    clock: { nowMs: () => nowMs, monotonicMs: () => nowMs },
  });

/** A process that lived on this machine and has ended. */
async function deadProcess(): Promise<ProcessIdentity> {
  const child = spawn('true');
  await once(child, 'exit');
  return { ...thisProcess(), pid: child.pid ?? 0, startedAt: '1' };
}

function leave(path: string, generation: number, owner: ProcessIdentity, socketPath = '/none'): void {
  const created = openOwnerRecords(path).create({
    generation,
    owner,
    socketPath,
    acquiredAtMs: 0,
    released: false,
  });
  if (!created) throw new Error('somebody has that number');
}

const standing = (path = directory) => readdirSync(join(path, 'owner.lock'));

describe('claimOwnership', () => {
  it('gives a directory that nobody ever owned to the first, and tells the second whose it is', async () => {
    const first = await claimIn(directory);
    expect(first).toMatchObject({ kind: 'owned', predecessor: null });
    const second = await claimIn(directory);
    expect(second).toMatchObject({
      kind: 'held',
      liveness: 'alive',
      record: { owner: { pid: process.pid }, socketPath: join(directory, 'owner.sock') },
    });
  });

  it('gives it on when it was released, under a number of its own', async () => {
    const first = await claimIn(directory);
    if (first.kind === 'owned') first.lock.release();
    const second = await claimIn(directory);
    expect(second).toMatchObject({ kind: 'owned', lock: { record: { generation: 2 } } });
    expect(standing()).toEqual(['000000000002.json']);
  });

  it('gives it on when the owner died, and never the same number twice', async () => {
    leave(directory, 41, await deadProcess());
    expect(await claimIn(directory)).toMatchObject({ kind: 'owned', lock: { record: { generation: 42 } } });
  });

  it('keeps what a former owner does too late from counting', async () => {
    const first = await claimIn(directory);
    if (first.kind !== 'owned') throw new Error('it was free');
    first.lock.release();
    const second = await claimIn(directory);
    first.lock.release();
    expect(second.kind).toBe('owned');
    expect(await claimIn(directory)).toMatchObject({
      kind: 'held',
      record: { generation: 2, released: false },
    });
  });

  it('leaves it to an owner on another machine', async () => {
    const owner = { ...thisProcess(), host: 'elsewhere', bootId: 'another' };
    leave(directory, 1, owner);
    expect(await claimIn(directory)).toMatchObject({ kind: 'held', liveness: 'elsewhere' });
  });

  it('takes it from an owner that this machine forgot by starting again', async () => {
    leave(directory, 1, { ...thisProcess(), bootId: 'the one before' });
    expect((await claimIn(directory)).kind).toBe('owned');
  });

  it('takes it from an owner whose pid belongs to another process by now', async () => {
    leave(directory, 1, { ...thisProcess(), startedAt: '1' });
    expect((await claimIn(directory)).kind).toBe('owned');
  });

  it('leaves it to a process whose start nobody can tell', async () => {
    leave(directory, 1, { ...thisProcess(), startedAt: null });
    expect((await claimIn(directory)).kind).toBe('held');
  });
});

describe('an owner in another container', () => {
  const hidden = (): ProcessIdentity => ({ ...thisProcess(), pidNamespace: 'pid:[1]' });
  const LATER_MS = 31_000;

  it('keeps the directory while anything listens on its socket', async () => {
    const socketPath = join(directory, 'other.sock');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    leave(directory, 1, hidden(), socketPath);
    expect(await claimIn(directory, LATER_MS)).toMatchObject({ kind: 'held', liveness: 'hidden' });
    server.close();
  });

  it('loses it once its socket refuses, but not in the moment in which it may not listen yet', async () => {
    const socketPath = join(directory, 'other.sock');
    const program = `require('net').createServer().listen(${JSON.stringify(socketPath)}, () => console.log('listening'))`;
    const listener = spawn(process.execPath, ['--eval', program]);
    await once(listener.stdout, 'data');
    listener.kill('SIGKILL');
    await once(listener, 'exit');
    leave(directory, 1, hidden(), socketPath);
    expect((await claimIn(directory, 1_000)).kind).toBe('held');
    expect((await claimIn(directory, LATER_MS)).kind).toBe('owned');
  });

  it('keeps it when only the file of its socket is missing', async () => {
    leave(directory, 1, hidden(), join(directory, 'removed.sock'));
    expect((await claimIn(directory, LATER_MS)).kind).toBe('held');
  });
});

describe('many processes at once', () => {
  const program = `
    const { claimOwnership } = await import(${JSON.stringify(new URL('./owner-lock.ts', import.meta.url).href)});
    const clock = { nowMs: () => 0, monotonicMs: () => 0 };
    process.on('message', async (directory) => {
      const { kind } = await claimOwnership({ directory, socketPath: directory + '/none', clock });
      process.send(kind);
    });
    process.send('ready');`;

  async function claimants(count: number): Promise<ChildProcess[]> {
    const options = [
      '--conditions=@tallygate/source',
      '--import',
      'tsx',
      '--input-type=module',
      '--eval',
      program,
    ];
    const started = Array.from({ length: count }, () =>
      spawn(process.execPath, options, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
    );
    children.push(...started);
    await Promise.all(started.map((child) => once(child, 'message')));
    return started;
  }

  it('find a free directory, or one whose owner died, and exactly one gets it', async () => {
    const racers = await claimants(4);
    const owner = await deadProcess();
    for (let round = 0; round < 40; round += 1) {
      const path = join(directory, `round-${round}`);
      mkdirSync(path);
      if (round % 2 === 0) leave(path, 7, owner);
      const answers = racers.map((racer) => once(racer, 'message'));
      for (const racer of racers) racer.send(path);
      const kinds = (await Promise.all(answers)).map(([kind]) => kind as string).sort();
      expect(kinds).toEqual(['held', 'held', 'held', 'owned']);
      expect(standing(path).filter((name) => name.endsWith('.json'))).toHaveLength(1);
    }
  }, 30_000);
});

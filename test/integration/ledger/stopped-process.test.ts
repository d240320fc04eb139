import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { adoptSpools, type OwnerIsAlive } from '@tallygate/ledger';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createCollectingStore } from './collecting-store.ts';
import { startProgram } from './programs.ts';
import { createSettlingGate, createSpoolRoot, nobodyLives, type SpoolRoot } from './spool-fixtures.ts';

let spools: SpoolRoot;
beforeEach(() => {
  spools = createSpoolRoot();
});
afterEach(() => spools.remove());

const stateOf = (pid: number | undefined) =>
  / ([A-Z]) \d/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];

it('a real process that stood still while another machine took over its spool goes on, and all that it recorded arrives', async (context) => {
  if (process.platform !== 'linux') return context.skip('nobody tells here whether a process stands still');
  const notesFile = join(spools.root, '..', 'notes');
  const program = new URL('./recording-process.ts', import.meta.url);
  const recorder = startProgram(program, [spools.root, notesFile, '100000']);
  const ended = once(recorder, 'close');
  let recorded = 0;
  recorder.stdout.on('data', (dots: Buffer) => {
    recorded += dots.length;
  });
  const [store, gate] = [createCollectingStore(), createSettlingGate()];
  const adopt = (isAlive?: OwnerIsAlive) =>
    adoptSpools({
      ...{ root: spools.root, clock: spools.clock, destination: store, recover: gate.recover },
      ...(isAlive && { isAlive }),
    });

  await expect.poll(() => recorded, { timeout: 20_000 }).toBeGreaterThan(300);
  recorder.kill('SIGSTOP');
  await expect.poll(() => stateOf(recorder.pid)).toBe('T');
  expect(await adopt(nobodyLives)).toMatchObject({ adopted: 1, waiting: 0 });
  const before = recorded;
  recorder.kill('SIGCONT');
  await expect.poll(() => recorded, { timeout: 20_000 }).toBeGreaterThan(before + 300);
  recorder.kill('SIGKILL');
  await ended;
  expect((await adopt()).adopted).toBeGreaterThan(0);

  const notes = readFileSync(notesFile, 'utf8').trimEnd().split('\n');
  const [stored, settled] = [new Set(store.eventIds()), new Set(store.attemptsSettled())];
  const isThere = (note: string) => {
    const [kind, id = ''] = note.split(' ');
    return (kind === 'outcome' ? stored : settled).has(id);
  };
  expect(notes.filter((note) => !isThere(note))).toEqual([]);
  expect(spools.spools()).toEqual([]);
});

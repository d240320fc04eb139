import { silentLogger } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { createBackgroundWork } from './background-work.ts';

describe('work behind the caller', () => {
  it('runs tasks of one batch in order, also after one failed, and reports the failure', async () => {
    const failures: unknown[] = [];
    const work = createBackgroundWork({
      ...silentLogger,
      error: (_text, fields) => void failures.push(fields),
    });
    const done: string[] = [];
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    work.run('one', () => gate.then(() => void done.push('first')));
    work.run('one', () => Promise.reject(new Error('second')));
    work.run('one', async () => void done.push('third'));
    work.run('other', async () => void done.push('other batch'));
    await work.tasksOf('other');
    expect(done).toEqual(['other batch']);
    open();
    await work.tasksOf('one');
    expect(done).toEqual(['other batch', 'first', 'third']);
    expect(failures).toEqual([{ batchId: 'one', error: 'Error: second' }]);
  });

  it('is idle only when nothing is left, work that was begun meanwhile included', async () => {
    const work = createBackgroundWork(silentLogger);
    const done: string[] = [];
    work.run('one', async () => {
      work.track(Promise.resolve().then(() => void done.push('tracked')));
    });
    await work.idle();
    expect(done).toEqual(['tracked']);
    await work.tasksOf('one');
  });
});

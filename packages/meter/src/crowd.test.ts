import { describe, expect, it } from 'vitest';
import { createCrowd } from './crowd.ts';

describe('work under way', () => {
  function gate() {
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    return { open, opened };
  }

  async function isOver(promise: Promise<void>): Promise<boolean> {
    const turn = new Promise<boolean>((resolve) => setImmediate(resolve, false));
    return Promise.race([promise.then(() => true), turn]);
  }

  it('is gone when what was there has ended, though other work began since', async () => {
    const crowd = createCrowd();
    const [early, late] = [gate(), gate()];
    const first = crowd.during(() => early.opened);
    const gone = crowd.gone();
    const second = crowd.during(() => late.opened);
    expect(await isOver(gone)).toBe(false);
    early.open();
    await gone;
    expect(await isOver(crowd.gone())).toBe(false);
    late.open();
    await crowd.gone();
    await Promise.all([first, second]);
  });

  it('is still there for the second who asks', async () => {
    const crowd = createCrowd();
    const early = gate();
    const first = crowd.during(() => early.opened);
    const asked = [crowd.gone(), crowd.gone(), crowd.empty()];
    for (const gone of asked) expect(await isOver(gone)).toBe(false);
    early.open();
    await Promise.all([first, ...asked]);
  });

  it('leaves nobody when it fails, and passes the failure on', async () => {
    const crowd = createCrowd();
    await expect(crowd.during(() => Promise.reject(new Error('torn')))).rejects.toThrow('torn');
    const thrown = crowd.during(() => {
      throw new Error('thrown');
    });
    await expect(thrown).rejects.toThrow('thrown');
    await crowd.empty();
  });

  it('is empty only when what began meanwhile has ended as well', async () => {
    const crowd = createCrowd();
    const [early, late] = [gate(), gate()];
    const first = crowd.during(() => early.opened);
    const empty = crowd.empty();
    const second = crowd.during(() => late.opened);
    early.open();
    await first;
    expect(await isOver(empty)).toBe(false);
    late.open();
    await Promise.all([second, empty]);
  });
});

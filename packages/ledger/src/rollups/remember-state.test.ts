import { describe, expect, it } from 'vitest';
import type { Database } from '../database.ts';
import { byRememberedState } from './remember-state.ts';

const AN_HOUR_S = 3_600;
const asked = {
  organization: 'acme',
  fromSeconds: 0,
  toSeconds: 86_400,
  marginMs: 0,
  frozenBeforeSeconds: 1,
};
const day = { day: '0', dirty_hours: [], generation: '7' };

/** An engine with these parts, whose state is asked as often as `reads` says. What is read is the generation it says. */
function ledger() {
  const state = { parts: ['all_1_1_0'], reads: 0, fails: false, generation: '7' };
  const database = {
    select: async () => state.parts.map((name) => ({ table: 'dirty_hours', name })),
  } as Partial<Database> as Database;
  const byState = byRememberedState(async () => {
    state.reads += 1;
    if (state.fails) throw new Error('no answer');
    return [{ ...day, generation: state.generation }];
  });
  const ask = (question = asked) =>
    byState(database, question, async (days) => {
      if (days.some(({ generation }) => generation !== state.generation)) throw new Error('swept away');
      return days;
    });
  return { state, ask };
}

describe('the remembered state of the rollups', () => {
  it('is read once while no part changes, by questions at once afterwards too', async () => {
    const { state, ask } = ledger();
    expect(await ask()).toEqual([day]);
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([[day], [day], [day]]);
    await ask({ ...asked, frozenBeforeSeconds: AN_HOUR_S });
    expect(state.reads).toBe(1);
  });

  it('is read again for another question, an hour later, and when a part was written or merged', async () => {
    const { state, ask } = ledger();
    await ask();
    await ask({ ...asked, organization: 'other' });
    await ask({ ...asked, frozenBeforeSeconds: AN_HOUR_S + 1 });
    expect(state.reads).toBe(3);
    state.parts = ['all_1_2_1'];
    await ask();
    await ask();
    expect(state.reads).toBe(4);
  });

  it('is never what an answer rests on when parts changed, whatever the early reading of what it named came to', async () => {
    const { state, ask } = ledger();
    await ask();
    Object.assign(state, { parts: ['all_1_1_0', 'all_2_2_0'], generation: '8' });
    expect(await ask()).toEqual([{ ...day, generation: '8' }]);
  });

  it('is not what a failure left: the next question asks again', async () => {
    const { state, ask } = ledger();
    state.fails = true;
    await expect(ask()).rejects.toThrow('no answer');
    state.fails = false;
    expect(await ask()).toEqual([day]);
  });

  it('is bounded: a hundred questions later the first is asked again', async () => {
    const { state, ask } = ledger();
    for (let number = 0; number <= 100; number += 1) await ask({ ...asked, toSeconds: number });
    await ask({ ...asked, toSeconds: 0 });
    expect(state.reads).toBe(102);
  });
});

import { expect, test, vi } from 'vitest';
import { within } from './deadlines.ts';

test('an answer in time is the answer, and leaves no timer behind', async () => {
  vi.useFakeTimers();
  await expect(within(50, Promise.resolve('yes'), 'a question')).resolves.toBe('yes');
  await expect(within(50, Promise.reject(new Error('no')), 'a question')).rejects.toThrow('no');
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

test('no answer in time is an outage that names the question and the time', async () => {
  const silence = new Promise<never>(() => {});
  await expect(within(1, silence, 'a reserve')).rejects.toMatchObject({
    code: 'TALLYGATE_GATE_UNAVAILABLE',
    message: expect.stringContaining('No answer to a reserve within 1 ms'),
  });
});

import { expect, it } from 'vitest';
import { worstOf } from './worst-of.ts';

type Result = Parameters<typeof worstOf>[0][number];
const result = (tokens: string, money: string) => ({ verdicts: { tokens, money } }) as Result;

it.each([
  [[result('agrees', 'agrees'), result('agrees', 'differs')], 1],
  [[result('differs', 'explained'), result('explained', 'explained')], 0],
  [[result('differs', 'agrees'), result('agrees', 'explained')], 1],
])('of several organizations the worst verdict stands for all', (results, worst) => {
  expect(worstOf(results)).toBe(results[worst]);
});

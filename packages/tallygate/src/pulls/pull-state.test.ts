import { expect, it } from 'vitest';
import { pullState } from './pull-state.ts';

const DAY_MS = 86_400_000;
const endMs = Date.parse('2026-10-02T00:00:00Z');

it.each([
  ['open while usage may still arrive', endMs + 3_599_999, undefined, 'open'],
  ['provisional from an hour after its end', endMs + 3_600_000, undefined, 'provisional'],
  ['final 30 days after its end', endMs + 30 * DAY_MS, undefined, 'final'],
  ['open where the data ends before it does', endMs + 40 * DAY_MS, endMs - 1, 'open'],
  ['open where there was no data yet: that is no zero', endMs + 40 * DAY_MS, null, 'open'],
  ['provisional as soon as its data has come', endMs + 60_000, endMs, 'provisional'],
] as const)('a pull is %s', (_case, pulledAtMs, refreshedAtMs, state) => {
  expect(pullState(endMs, { pulledAtMs, refreshedAtMs })).toBe(state);
});

import { describe, expect, it } from 'vitest';
import type { TestCase } from 'vitest/node';
import { summarize, summaryLines } from './setup/summary-reporter.ts';

type Module = Parameters<typeof summarize>[0][number];
type Result = { state: 'passed' | 'failed' | 'pending' | 'skipped'; note?: string };

function moduleOf(tests: [name: string, result: Result][], errors = 0): Module {
  const cases = tests.map(([name, result]) => ({ name, result: () => result }) as TestCase);
  return {
    errors: () => Array.from({ length: errors }, () => ({ message: 'x' })),
    children: { allTests: () => cases.values() } as unknown as Module['children'],
  };
}

const linesOf = (modules: Module[], unhandled = 0) => summaryLines(summarize(modules, unhandled));

describe('the end of a run', () => {
  it('counts over all files, in the form that CI systems look for', () => {
    const modules = [
      moduleOf([
        ['a', { state: 'passed' }],
        ['b', { state: 'failed' }],
      ]),
      moduleOf([['c', { state: 'passed' }]]),
    ];
    expect(linesOf(modules)).toEqual(['2 passed, 1 failed']);
  });

  it('says how many tests could not run here, and why', () => {
    const note = 'no container runtime';
    const modules = [
      moduleOf([
        ['a', { state: 'passed' }],
        ['b', { state: 'skipped', note }],
        ['c', { state: 'skipped', note }],
        ['not run here: no chDB on this platform', { state: 'skipped' }],
        ['d', { state: 'skipped' }],
      ]),
    ];
    expect(linesOf(modules)).toEqual([
      'not run here: 4 (no container runtime ×2; no chDB on this platform; no reason given)',
      '1 passed, 0 failed, 4 skipped',
    ]);
  });

  it('counts a file that does not load and a stray rejection as failures, which no test would', () => {
    expect(linesOf([moduleOf([], 1)], 2)).toEqual(['0 passed, 3 failed']);
  });

  it('counts a test that never came to an end as failed', () => {
    expect(linesOf([moduleOf([['a', { state: 'pending' }]])])).toEqual(['0 passed, 1 failed']);
  });
});

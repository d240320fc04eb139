import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEndedAttempts } from './ended-attempts.ts';
import type { Ending } from './settlements.ts';

const GRACE_MS = 1_000;
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

const period = (budget: string, periodStartMs: number) => ({
  key: `${budget}:day:${periodStartMs}`,
  periodStartMs,
  periodEndMs: periodStartMs + 86_400_000,
});

const endingWith = (parts: Partial<Ending>): Ending => ({
  kind: 'settle',
  seq: 1,
  budgetInstantMs: 0,
  settledAtMs: 0,
  charge: { amountNanoUsd: 1n, tokens: 2n, requests: 3n },
  entries: [period('all', 0)],
  ...parts,
});

const amount = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });

/** UUIDs, ids that differ from one in a letter's case or in length, and ids of any other form. */
const attemptId = fc.oneof(
  fc
    .integer({ min: 0, max: 40 })
    .map((number) => `01a1b2c3-0000-7000-8000-${String(number).padStart(12, '0')}`),
  fc.constantFrom(
    '01A1B2C3-0000-7000-8000-000000000001',
    '01a1b2c300007000800000000000000001',
    'attempt-1',
    '',
  ),
  fc.string({ maxLength: 3 }),
);

const ending = fc.record({
  kind: fc.constantFrom('settle' as const, 'release' as const),
  budgetInstantMs: fc.integer({ min: -(10 ** 14), max: 10 ** 14 }),
  charge: fc.record({ amountNanoUsd: amount, tokens: amount, requests: amount }),
  entries: fc.array(
    fc
      .tuple(fc.constantFrom('all', 'team', 'a.b-c'), fc.constantFrom(0, 86_400_000))
      .map(([budget, startMs]) => period(budget, startMs)),
    { maxLength: 4 },
  ),
});

const step = fc.record({ attemptId, ending, passesMs: fc.constantFrom(0, 1, 90, 400, 2_600, -300) });

test(`what a map would remember is remembered exactly, for the grace: seed ${seed}`, () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const attempts = createEndedAttempts(GRACE_MS);
      const model = new Map<string, Ending>();
      let nowMs = 5_000;
      let latestMs = nowMs;
      for (const [index, { attemptId: id, ending: parts, passesMs }] of steps.entries()) {
        nowMs += passesMs;
        latestMs = Math.max(latestMs, nowMs);
        attempts.forgetBefore(nowMs);
        const last = { ...parts, seq: index + 1, settledAtMs: nowMs };
        attempts.put(id, last);
        model.set(id, last);
        for (const [known, expected] of model) {
          if (expected.settledAtMs + GRACE_MS > latestMs) expect(attempts.get(known)).toEqual(expected);
        }
        expect(attempts.get('never ended')).toBeUndefined();
      }
    }),
    { seed, numRuns: 30 },
  );
});

test('an ending is forgotten at most a quarter of the grace later than promised', () => {
  const attempts = createEndedAttempts(GRACE_MS);
  attempts.put('a', endingWith({ settledAtMs: 300 }));
  attempts.forgetBefore(300 + GRACE_MS);
  expect(attempts.get('a')).toBeDefined();
  attempts.forgetBefore(300 + GRACE_MS + GRACE_MS / 4);
  expect(attempts.get('a')).toBeUndefined();
});

test('a later ending is the one that counts, also when the clock stepped back between the two', () => {
  const attempts = createEndedAttempts(GRACE_MS);
  attempts.put('a', endingWith({ kind: 'release', seq: 1, settledAtMs: 900 }));
  attempts.put('a', endingWith({ kind: 'settle', seq: 2, settledAtMs: 100 }));
  expect(attempts.get('a')).toMatchObject({ kind: 'settle', seq: 2 });
});

test.each([
  ['first', (number: string) => `${number}-0000-7000-8000-000000000000`],
  ['second', (number: string) => `00000000-${number.slice(0, 4)}-${number.slice(4)}-8000-000000000000`],
  ['third', (number: string) => `00000000-0000-7000-${number.slice(0, 4)}-${number.slice(4)}00000000`],
  ['last', (number: string) => `00000000-0000-7000-8000-0000${number}`],
])('ids that differ in their %s word alone are told apart, also in a table that has grown', (_word, idOf) => {
  const attempts = createEndedAttempts(GRACE_MS);
  const ids = Array.from({ length: 5_000 }, (_, index) => idOf(index.toString(16).padStart(8, '0')));
  ids.forEach((id, index) => {
    attempts.put(id, endingWith({ seq: index + 1 }));
  });
  expect(ids.map((id) => attempts.get(id)?.seq)).toEqual(ids.map((_, index) => index + 1));
});

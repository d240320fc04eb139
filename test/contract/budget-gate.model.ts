import type { BudgetGate, Hold, NanoUsd, ReserveReply, SettleReply } from '@tallygate/usage';
import { newAttemptId } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  attributionOf,
  BUCKET_MS,
  budgetOf,
  DAY_MS,
  type GateUnderTest,
  HOUR_MS,
  MINUTE_MS,
  type OpenGate,
  requestOf,
  START_MS,
  snapshotOf,
} from './gate-fixtures.ts';

/**
 * Any order of operations, repeated, late, reordered in time, against a model that keeps no counters at all: it remembers
 * every attempt and adds them up anew for each question. Replay a failure with SEED=<seed of the title>.
 */
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

const TEAMS = ['support', 'research'] as const;
const UTC_DAY = 'day';

interface ModelAttempt {
  id: string;
  team: string;
  keys: string[];
  expected: NanoUsd;
  worst: NanoUsd;
  lastBucket: number;
  ended: { kind: 'settle' | 'release'; seq: number; amount: NanoUsd } | null;
}

/** The whole truth about a gate with these budgets: an organization's month, a day and a month of team support. */
class GateModel {
  readonly attempts = new Map<string, ModelAttempt>();
  readonly charges: { key: string; amount: NanoUsd }[] = [];
  limits: Record<string, NanoUsd>;
  version = 1;
  seq = 0;
  past = 0;
  readonly #subject: GateUnderTest;

  constructor(subject: GateUnderTest, limits: Record<string, NanoUsd>) {
    this.#subject = subject;
    this.limits = limits;
  }

  budgets() {
    const scope = { team: TEAMS[0] };
    return [
      budgetOf('all', this.limits['all'] ?? 0n),
      budgetOf('daily', this.limits['daily'] ?? 0n, { scope, period: UTC_DAY }),
      budgetOf('support', this.limits['support'] ?? 0n, { scope }),
    ];
  }

  keysFor(team: string): string[] {
    return this.budgets()
      .filter(({ scope }) => scope.team === undefined || scope.team === team)
      .map(({ id, period }) => `${id}:${period}:${this.#periodOf(period).startMs}`);
  }

  sums(key: string) {
    const live = [...this.attempts.values()].filter(
      (attempt) => this.#isLive(attempt) && attempt.keys.includes(key),
    );
    return {
      spent: total(this.charges.filter((charge) => charge.key === key).map(({ amount }) => amount)),
      expected: total(live.map(({ expected }) => expected)),
      worst: total(live.map(({ worst }) => worst)),
      // A bucket whose holds are all of $0 may have been dropped or not; it holds nothing either way.
      firstBucket: Math.min(...live.map(({ lastBucket }) => lastBucket)),
    };
  }

  bucketAt(ttlMs: number): number {
    return Math.max(Math.floor((this.#subject.nowMs() + ttlMs) / BUCKET_MS), this.past);
  }

  /** Everything that the gate decides about an amount on one budget. */
  refusal(key: string, expected: NanoUsd, worst: NanoUsd) {
    const [id = '', unit = ''] = key.split(':');
    const { spent, ...held } = this.sums(key);
    const limit = this.limits[id] ?? 0n;
    const worstRules = held.worst + worst >= held.expected + expected;
    const [heldSum, needed] = worstRules ? [held.worst, worst] : [held.expected, expected];
    if (spent + held.expected + expected <= limit && spent + held.worst + worst <= limit) return null;
    const periodEndMs = this.#periodOf(unit).endMs;
    const freedMs = spent + needed <= limit ? (held.firstBucket + 1) * BUCKET_MS : periodEndMs;
    return { budgetId: id, spent, held: heldSum, needed, retryAtMs: Math.min(freedMs, periodEndMs) };
  }

  passTime(): void {
    this.past = this.#currentBucket();
  }

  isLive(id: string): boolean {
    const attempt = this.attempts.get(id);
    return attempt !== undefined && this.#isLive(attempt);
  }

  #currentBucket(): number {
    return Math.max(Math.floor(this.#subject.nowMs() / BUCKET_MS), this.past);
  }

  #isLive(attempt: ModelAttempt): boolean {
    return attempt.ended === null && attempt.lastBucket >= this.#currentBucket();
  }

  #periodOf(unit: string): { startMs: number; endMs: number } {
    const now = new Date(this.#subject.nowMs());
    if (unit === UTC_DAY) {
      const startMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate());
      return { startMs, endMs: startMs + DAY_MS };
    }
    const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
    return { startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) };
  }
}

type Operation =
  | {
      do: 'reserve';
      call: number;
      team: string;
      expected: NanoUsd;
      over: NanoUsd;
      ttlMs: number;
      enforce: boolean;
      stale: boolean;
    }
  | { do: 'settle'; call: number; amount: NanoUsd }
  | { do: 'release'; call: number }
  | { do: 'extend'; call: number; ttlMs: number }
  | { do: 'pass'; durationMs: number }
  | { do: 'publish'; budget: string; limit: NanoUsd };

const CALLS = 24;
const call = fc.nat(CALLS - 1);
const amount = fc.oneof(
  { weight: 6, arbitrary: fc.bigInt(0n, 1_000n) },
  { weight: 1, arbitrary: fc.constantFrom(0n, 100_000_000n, 10n ** 14n + 1n, 2n ** 53n + 1n) },
);
const ttlMs = fc.integer({ min: 1, max: 12 * MINUTE_MS });
const limit = fc.oneof(
  fc.bigInt(0n, 4_000n),
  fc.constantFrom(2n ** 53n, 2n ** 53n + 1n, 9_200_000_000_000_000_000n),
);
const durationMs = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 4 * MINUTE_MS }) },
  { weight: 1, arbitrary: fc.constantFrom(HOUR_MS, -25 * MINUTE_MS, 11 * HOUR_MS, 17 * DAY_MS) },
);

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('reserve' as const),
      call,
      team: fc.constantFrom(...TEAMS),
      expected: amount,
      over: amount,
      ttlMs,
      enforce: fc.boolean(),
      stale: fc.constantFrom(false, false, false, false, true),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('settle' as const), call, amount }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), call }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('extend' as const), call, ttlMs }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), durationMs }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      budget: fc.constantFrom('all', 'daily', 'support'),
      limit,
    }),
  },
);

export function describeGateModel(
  name: string,
  open: OpenGate,
  size: { runs: number; operations: number },
): void {
  describe(`${name}: seed ${seed}`, () => {
    test('any order of operations leaves what a model without counters adds up', async () => {
      const operations = fc.array(operation, { minLength: 10, maxLength: size.operations });
      await fc.assert(
        fc.asyncProperty(operations, (given) => compare(open, given)),
        { seed, numRuns: size.runs },
      );
    });
  });
}

async function compare(open: OpenGate, operations: readonly Operation[]): Promise<void> {
  const subject = await open(`org-${newAttemptId()}`, { startMs: START_MS });
  const model = new GateModel(subject, { all: 3_000n, daily: 1_500n, support: 2_000n });
  await subject.gate.publish(snapshotOf(subject.organization, 1, model.budgets()));
  const holds = new Map<number, Hold>();
  for (const given of operations) {
    await perform(given, subject, model, holds);
    await expectSameBalances(subject.gate, model);
  }
  await subject.gate.close();
}

async function perform(
  given: Operation,
  subject: GateUnderTest,
  model: GateModel,
  holds: Map<number, Hold>,
): Promise<void> {
  const { gate, organization } = subject;
  if (given.do === 'pass') return subject.advanceMs(given.durationMs);
  if (given.do === 'publish') {
    model.limits = { ...model.limits, [given.budget]: given.limit };
    model.version += 1;
    return gate.publish(snapshotOf(organization, model.version, model.budgets()));
  }
  const attemptId = `attempt-${given.call}`;
  if (given.do === 'reserve') {
    const reply = await gate.reserve(
      requestOf({
        attemptId,
        attribution: attributionOf(given.team),
        expectedNanoUsd: given.expected,
        worstNanoUsd: given.expected + given.over,
        ttlMs: given.ttlMs,
        configVersion: given.stale ? model.version - 1 : model.version,
        enforce: given.enforce,
      }),
    );
    if (reply.kind === 'held') holds.set(given.call, reply.hold);
    return expectReserve(reply, given, attemptId, model);
  }
  // An attempt that was never held ends as an orphan on the periods of now.
  const hold = holds.get(given.call) ?? orphanHold(subject, attemptId, model);
  if (given.do === 'extend') {
    const isLive = model.isLive(attemptId);
    const reply = await gate.extend(hold, given.ttlMs);
    expect(reply.kind).toBe(isLive ? 'extended' : 'ended');
    const attempt = model.attempts.get(attemptId);
    if (!isLive || attempt === undefined) return;
    model.passTime();
    attempt.lastBucket = model.bucketAt(given.ttlMs);
    expect(reply).toMatchObject({ hold: { attemptId, expiryBucket: attempt.lastBucket } });
    return;
  }
  const charge = given.do === 'settle' ? given.amount : 0n;
  const reply =
    given.do === 'settle' ? await gate.settle({ hold, amountNanoUsd: charge }) : await gate.release(hold);
  expectEnding(reply, given.do, charge, hold, model);
}

function expectReserve(
  reply: ReserveReply,
  given: Extract<Operation, { do: 'reserve' }>,
  attemptId: string,
  model: GateModel,
): void {
  const known = model.attempts.get(attemptId);
  if (known !== undefined) {
    expect(reply).toMatchObject({
      kind: 'held',
      hold: { entries: known.keys.map((key) => ({ key })) },
      wouldDeny: [],
    });
    return;
  }
  if (given.stale) {
    expect(reply).toEqual({ kind: 'outdated', version: model.version });
    return;
  }
  const worst = given.expected + given.over;
  const keys = model.keysFor(given.team);
  const refusals = keys.flatMap((key) => model.refusal(key, given.expected, worst) ?? []);
  if (given.enforce && refusals.length > 0) {
    const lastToLetGo = Math.max(...refusals.map(({ retryAtMs }) => retryAtMs));
    const decisive = refusals.find(({ retryAtMs }) => retryAtMs === lastToLetGo);
    expect(reply.kind === 'denied' && numbersOf(reply.denial)).toEqual(decisive);
    return;
  }
  model.passTime();
  const lastBucket = model.bucketAt(given.ttlMs);
  const entries = keys.map((key) => ({ key, expectedNanoUsd: given.expected, worstNanoUsd: worst }));
  expect(reply).toMatchObject({ kind: 'held', hold: { attemptId, expiryBucket: lastBucket, entries } });
  expect(reply.kind === 'held' && reply.wouldDeny.map(numbersOf)).toEqual(refusals);
  const { team, expected } = given;
  model.attempts.set(attemptId, { id: attemptId, team, keys, expected, worst, lastBucket, ended: null });
}

function expectEnding(
  reply: SettleReply,
  kind: 'settle' | 'release',
  charge: NanoUsd,
  hold: Hold,
  model: GateModel,
): void {
  const known = model.attempts.get(hold.attemptId);
  const { settlement } = reply;
  if (known?.ended && (known.ended.kind === 'settle' || kind === 'release')) {
    const { amount: first, ...ended } = known.ended;
    expect(reply.outcome).toBe('duplicate');
    expect(settlement).toMatchObject({
      ...ended,
      entries: known.keys.map((key) => ({ key, amountNanoUsd: first })),
    });
    return;
  }
  const keys = known?.keys ?? hold.entries.map(({ key }) => key);
  const live = model.isLive(hold.attemptId) ? (kind === 'settle' ? 'settled' : 'released') : 'late';
  expect(reply.outcome).toBe(known === undefined ? 'orphan' : known.ended ? 'reopened' : live);
  model.seq += 1;
  expect(settlement).toMatchObject({
    kind,
    seq: model.seq,
    entries: keys.map((key) => ({ key, amountNanoUsd: charge })),
  });
  model.passTime();
  for (const key of keys) model.charges.push({ key, amount: charge });
  const attempt = known ?? {
    id: hold.attemptId,
    team: '',
    keys,
    expected: 0n,
    worst: 0n,
    lastBucket: 0,
    ended: null,
  };
  model.attempts.set(hold.attemptId, { ...attempt, ended: { kind, seq: model.seq, amount: charge } });
}

async function expectSameBalances(gate: BudgetGate, model: GateModel): Promise<void> {
  const balances = await gate.balances();
  expect(
    balances.map(({ budget, spentNanoUsd, heldNanoUsd }) => [budget.id, spentNanoUsd, heldNanoUsd]),
  ).toEqual(
    model.keysFor(TEAMS[0]).map((key) => {
      const { spent, expected, worst } = model.sums(key);
      return [key.split(':')[0], spent, worst > expected ? worst : expected];
    }),
  );
}

function orphanHold({ organization, nowMs }: GateUnderTest, attemptId: string, model: GateModel): Hold {
  const entries = model.keysFor(TEAMS[0]).map((key) => {
    const [, unit, start] = key.split(':');
    const periodStartMs = Number(start);
    const periodEndMs = periodStartMs + (unit === UTC_DAY ? DAY_MS : 31 * DAY_MS);
    return { key, expectedNanoUsd: 1n, worstNanoUsd: 1n, periodStartMs, periodEndMs };
  });
  return { attemptId, organization, epoch: 'unknown', budgetInstantMs: nowMs(), expiryBucket: 0, entries };
}

function numbersOf(denial: {
  budgetId: string;
  spentNanoUsd: NanoUsd;
  heldNanoUsd: NanoUsd;
  neededNanoUsd: NanoUsd;
  retryAtMs: number;
}) {
  const { budgetId, spentNanoUsd, heldNanoUsd, neededNanoUsd, retryAtMs } = denial;
  return { budgetId, spent: spentNanoUsd, held: heldNanoUsd, needed: neededNanoUsd, retryAtMs };
}

function total(amounts: readonly NanoUsd[]): NanoUsd {
  return amounts.reduce((sum, item) => sum + item, 0n);
}

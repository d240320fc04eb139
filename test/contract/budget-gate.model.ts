import {
  type BudgetGate,
  type Hold,
  type NanoUsd,
  newAttemptId,
  type ReserveReply,
  type SettleReply,
} from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  attributionOf,
  DAY_MS,
  type GateUnderTest,
  type OpenGate,
  requestOf,
  START_MS,
  snapshotOf,
} from './gate-fixtures.ts';
import { GateModel, TEAMS, UTC_DAY } from './gate-model.ts';
import { type Operation, operation } from './gate-operations.ts';

/**
 * Any order of operations, repeated, late, reordered in time, against a model that keeps no counters at all: it remembers
 * every attempt and adds them up anew for each question. Replay a failure with SEED=<seed of the title>.
 */
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

const ANSWERS = [
  ...['held', 'denied', 'outdated', 'settled', 'released', 'late', 'reopened', 'orphan', 'duplicate'],
  ...['extended', 'ended', 'passed', 'published'],
];

export function describeGateModel(
  name: string,
  open: OpenGate,
  size: { runs: number; operations: number },
): void {
  describe(`${name}: seed ${seed}`, () => {
    test('any order of operations leaves what a model without counters adds up', async () => {
      const operations = fc.array(operation, {
        minLength: size.operations / 2,
        maxLength: size.operations,
        size: 'max',
      });
      const seen: Seen = new Map();
      const property = fc.asyncProperty(operations, (given) => compare(open, given, seen));
      await fc.assert(property, { seed, numRuns: size.runs });
      // A run that never got to an answer has proved nothing about it, and few operations may miss a rare one: they go on.
      for (let more = 1; more <= MOST_MORE && isMissing(seen); more += 1)
        await fc.assert(property, { seed: seed + more, numRuns: size.runs });
      expect([...seen.keys()]).toEqual(expect.arrayContaining(ANSWERS));
    });
  });
}

type Seen = Map<string, number>;

/** Times as many runs again as were asked for; no answer is that rare. */
const MOST_MORE = 10;

function isMissing(seen: Seen): boolean {
  return ANSWERS.some((answer) => !seen.has(answer));
}

async function compare(open: OpenGate, operations: readonly Operation[], seen: Seen): Promise<void> {
  const subject = await open(`org-${newAttemptId()}`, { startMs: START_MS });
  const model = new GateModel(subject, { all: 3_000n, daily: 1_500n, support: 2_000n });
  await subject.gate.publish(snapshotOf(subject.organization, 1, model.budgets()));
  const holds = new Map<number, Hold>();
  for (const given of operations) {
    const answer = await perform(given, subject, model, holds);
    seen.set(answer, (seen.get(answer) ?? 0) + 1);
    await expectSameBalances(subject.gate, model);
  }
  await subject.gate.close();
}

/** Does it to both, compares what they answer, and says which answer it was. */
async function perform(
  given: Operation,
  subject: GateUnderTest,
  model: GateModel,
  holds: Map<number, Hold>,
): Promise<string> {
  if (given.do === 'pass') return subject.advanceMs(given.durationMs).then(() => 'passed');
  if (given.do === 'publish') return publish(given, subject, model);
  const attemptId = `attempt-${given.call}`;
  if (given.do === 'reserve') {
    const reply = await subject.gate.reserve(requestFor(given, attemptId, model));
    if (reply.kind === 'held') holds.set(given.call, reply.hold);
    expectReserve(reply, given, attemptId, model);
    return reply.kind;
  }
  const hold = holds.get(given.call) ?? orphanHold(subject, attemptId, model);
  // Some attempts end without ever having been held; if most did, few holds would be left to end.
  if (!holds.has(given.call) && given.call % 4 !== 0) return 'nothing to end';
  if (given.do === 'extend') return extend(given.ttlMs, hold, subject, model);
  const amountNanoUsd = given.do === 'settle' ? given.amount : 0n;
  const { settle, release } = subject.gate;
  const reply = given.do === 'settle' ? await settle({ hold, amountNanoUsd }) : await release(hold);
  expectEnding(reply, given.do, amountNanoUsd, hold, model);
  return reply.outcome;
}

async function publish(
  { budget, limit }: Extract<Operation, { do: 'publish' }>,
  { gate, organization }: GateUnderTest,
  model: GateModel,
): Promise<string> {
  model.limits = { ...model.limits, [budget]: limit };
  model.version += 1;
  await gate.publish(snapshotOf(organization, model.version, model.budgets()));
  return 'published';
}

function requestFor(given: Extract<Operation, { do: 'reserve' }>, attemptId: string, model: GateModel) {
  const { team, expected, worst, ttlMs, stale, enforce } = given;
  return requestOf({
    attemptId,
    attribution: attributionOf(team),
    expectedNanoUsd: expected,
    worstNanoUsd: worst,
    ttlMs,
    configVersion: stale ? model.version - 1 : model.version,
    enforce,
  });
}

async function extend(ttlMs: number, hold: Hold, { gate }: GateUnderTest, model: GateModel): Promise<string> {
  const attempt = model.isLive(hold.attemptId) ? model.attempts.get(hold.attemptId) : undefined;
  const reply = await gate.extend(hold, ttlMs);
  expect(reply.kind).toBe(attempt === undefined ? 'ended' : 'extended');
  if (attempt === undefined) return reply.kind;
  model.passTime();
  attempt.lastBucket = model.bucketAt(ttlMs);
  expect(reply).toMatchObject({ hold: { attemptId: hold.attemptId, expiryBucket: attempt.lastBucket } });
  return reply.kind;
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
  const keys = model.keysFor(given.team);
  const refusals = keys.flatMap((key) => model.refusal(key, given.expected, given.worst) ?? []);
  if (given.enforce && refusals.length > 0) {
    const lastToLetGo = Math.max(...refusals.map(({ retryAtMs }) => retryAtMs));
    const decisive = refusals.find(({ retryAtMs }) => retryAtMs === lastToLetGo);
    expect(reply.kind === 'denied' && numbersOf(reply.denial)).toEqual(decisive);
    return;
  }
  model.passTime();
  const lastBucket = model.bucketAt(given.ttlMs);
  const entries = keys.map((key) => ({ key, expected: given.expected, worst: given.worst }));
  expect(reply).toMatchObject({ kind: 'held', hold: { attemptId, expiryBucket: lastBucket, entries } });
  expect(reply.kind === 'held' && reply.wouldDeny.map(numbersOf)).toEqual(refusals);
  const { team, expected, worst } = given;
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
      entries: known.keys.map((key) => ({ key, amount: first })),
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
    entries: keys.map((key) => ({ key, amount: charge })),
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
  expect(balances.map(({ budget, spent, held }) => [budget.id, spent, held])).toEqual(
    model.keysFor(TEAMS[0]).map((key) => {
      const { spent, expected, worst } = model.sums(key);
      return [key.split(':')[0], spent, larger(expected, worst)];
    }),
  );
}

function orphanHold({ organization, nowMs }: GateUnderTest, attemptId: string, model: GateModel): Hold {
  const entries = model.keysFor(TEAMS[0]).map((key) => {
    const [, unit, start] = key.split(':');
    const periodStartMs = Number(start);
    const periodEndMs = periodStartMs + (unit === UTC_DAY ? DAY_MS : 31 * DAY_MS);
    return { key, expected: 1n, worst: 1n, periodStartMs, periodEndMs };
  });
  return { attemptId, organization, epoch: 'unknown', budgetInstantMs: nowMs(), expiryBucket: 0, entries };
}

function numbersOf(denial: {
  budgetId: string;
  spent: NanoUsd;
  held: NanoUsd;
  needed: NanoUsd;
  retryAtMs: number;
}) {
  const { budgetId, spent, held, needed, retryAtMs } = denial;
  return { budgetId, spent, held, needed, retryAtMs };
}

function larger(left: NanoUsd, right: NanoUsd): NanoUsd {
  if (left > right) return left;
  return right;
}

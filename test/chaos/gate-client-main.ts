import { setTimeout as pause } from 'node:timers/promises';
import { openRedisGate, type RedisGateOptions } from '@tallygate/gate';
import { openSpool, openUsageStore } from '@tallygate/ledger';
import {
  type BudgetGate,
  type Clock,
  contractedCostNanoUsd,
  type Hold,
  type SettleReply,
  systemClock,
  TallygateError,
} from '@tallygate/usage';
import { chaosSnapshot, featureNow, type Kind, ORGANIZATION } from './gate-budgets.ts';
import { BUCKET_MS, intentOf, LEASE_TTL_MS, outcomeOf, requestFor } from './gate-facts.ts';
import { amountsOf, openJournal, type PartOfCall } from './gate-journal.ts';
import { createRandom } from './random.ts';

/** An application as far as the gate and the ledger see one: reserve, send, record, settle. It ends when its input does. */
export interface ClientParameters {
  redisUrl: string;
  ledgerUrl: string;
  /** The root of the spools. */
  root: string;
  journalFile: string;
  seed: number;
  /** What it adds to its wall clock. */
  injectedMs: number;
  kind: Kind;
  seconds: number;
  /** When the run began, by the machine's clock. */
  startedMs: number;
}

const LOOPS = 4;
/** How many of the calls are ended twice. */
const REPEATED = 0.1;
const parameters: ClientParameters = JSON.parse(process.argv[2] ?? '');
const { redisUrl, ledgerUrl, root, seconds, injectedMs, kind, startedMs } = parameters;
process.on('disconnect', () => process.exit());
const random = createRandom(parameters.seed);
const note = openJournal(parameters.journalFile);
const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + injectedMs };
const store = await openUsageStore({ kind: 'server', url: ledgerUrl }, { clock });
const spool = await openSpool({
  directory: root,
  destination: store,
  clock,
  sealAfterMs: 300,
  recover: async (outcomes) => {
    const settlements = [];
    for (const { event, hold } of outcomes)
      settlements.push((await settle(hold, contractedCostNanoUsd(event))).settlement);
    return settlements;
  },
  unknownOutcomes: async (intents) => intents.map(outcomeOf),
});
const gate = await openOnceReachable({
  url: redisUrl,
  organization: ORGANIZATION,
  clock,
  bucketMs: BUCKET_MS,
  // Five times what an application waits: two cores are all that this has.
  reserveDeadlineMs: 250,
  settleDeadlineMs: 2_500,
  ...(kind === 'leased' ? { leases: { ttlMs: LEASE_TTL_MS, fromCalls: 2 } } : {}),
  seed: async () => {
    await spool.flush();
    return { ...(await store.settledTotals(ORGANIZATION)), configuration: chaosSnapshot(seconds) };
  },
});
let ended: string[] = [];
process.stdout.write('calling\n');
await Promise.all([...Array.from({ length: LOOPS }, callOnAndOn), shipOnAndOn()]);

async function callOnAndOn(): Promise<void> {
  for (;;) {
    try {
      if (!(await call())) await pause(random.between(20, 60));
    } catch (error) {
      if (!isOutage(error)) throw error;
      await pause(random.between(20, 60));
    }
  }
}

/** @returns whether it was admitted. */
async function call(): Promise<boolean> {
  const feature = featureNow(kind, startedMs);
  const request = requestFor(feature);
  const { attemptId: id } = request;
  note({ step: 'asked', id, feature });
  const hold = await ask(request);
  if (hold === null) return false;
  if (random.chance(0.05)) {
    note({ step: 'ending', id });
    const { settlement, outcome } = await gate.release(hold);
    note({ step: 'ended', id, epoch: settlement.epoch, seq: settlement.seq, outcome });
    spool.recordSettlement(settlement);
    return true;
  }
  note({ step: 'sent', id });
  const intent = intentOf(request, hold, clock);
  spool.recordIntent(intent);
  await pause(random.chance(0.05) ? random.between(200, 1_000) : random.between(0, 40));
  spool.recordOutcome(outcomeOf(intent), hold);
  spool.recordSettlement((await settle(hold, amountsOf(id).charge)).settlement);
  ended.push(id);
  if (random.chance(REPEATED)) await endAgain(hold);
  return true;
}

/** By a release: should Redis have forgotten the first end meanwhile, this one costs nothing. */
async function endAgain(hold: Hold): Promise<void> {
  const { settlement, outcome } = await gate.release(hold);
  const { epoch, seq } = settlement;
  note({ step: 'repeated', id: hold.attemptId, epoch, seq, outcome });
  if (outcome !== 'duplicate') spool.recordSettlement(settlement);
}

function partOfCall({ key, paysUpTo, paysFrom }: Hold['entries'][number]): PartOfCall {
  return { key, upTo: paysUpTo?.toString(), from: paysFrom?.toString() };
}

async function ask(request: ReturnType<typeof requestFor>): Promise<Hold | null> {
  const { attemptId: id, worstNanoUsd } = request;
  const reply = await gate.reserve(request).catch((error: unknown) => {
    note({ step: 'unanswered', id });
    throw error;
  });
  if (reply.kind === 'held') {
    note({ step: 'held', id, entries: reply.hold.entries.map(partOfCall) });
    return reply.hold;
  }
  if (reply.kind === 'outdated') throw new Error(`version ${reply.version} is live`);
  const { budgetId, unit, periodStartMs, limit } = reply.denial;
  const key = `${budgetId}:${unit}:${periodStartMs}`;
  note({ step: 'denied', id, key, limit: `${limit}`, needed: `${worstNanoUsd}` });
  return null;
}

async function settle(hold: Hold, amountNanoUsd: bigint): Promise<SettleReply> {
  const id = hold.attemptId;
  note({ step: 'ending', id });
  const reply = await gate.settle({ hold, amountNanoUsd });
  const { epoch, seq } = reply.settlement;
  note({ step: 'ended', id, epoch, seq, outcome: reply.outcome });
  return reply;
}

/** As an application does: its gate is away until Redis answers. */
async function openOnceReachable(options: RedisGateOptions): Promise<BudgetGate> {
  for (;;) {
    try {
      return await openRedisGate(options);
    } catch (error) {
      if (!isOutage(error)) throw error;
      await pause(100);
    }
  }
}

function isOutage(error: unknown): boolean {
  return TallygateError.isInstance(error) && error.code === 'TALLYGATE_GATE_UNAVAILABLE';
}

/** Takes over what killed clients left, too. */
async function shipOnAndOn(): Promise<void> {
  for (;;) {
    const ids = ended;
    ended = [];
    const { pending } = await spool.flush();
    if (pending === 0) note({ step: 'stored', ids });
    else ended.push(...ids);
    await spool.adopt().catch(() => {});
    await pause(random.between(200, 500));
  }
}

import { openRedisGateAt } from '@tallygate/gate/testing';
import { type BudgetGate, newAttemptId, type ReserveRequest } from '@tallygate/usage';
import { Redis } from 'ioredis';
import { START_MS } from '../../contract/gate-fixtures.ts';
import { type FaultyRedis, startFaultyRedis } from '../../integration/gate/faulty-redis.ts';
import { BOUNDS, type ModelLedger, seedOf, type World, type WorldKind } from './worlds.ts';

/** As published: beyond it, holds live until the slower clock agrees. */
const MAX_SKEW_MS = 2_000;

/** A real server; the scripts as they are, but for the server's clock. */
export function inRedis(url: string): WorldKind {
  return {
    maxSkewMs: MAX_SKEW_MS,
    // Its processes put back what they hold by a clock of their own, which no step moves.
    cannot: new Set(['rebuild']),
    async openLane() {
      const redis = new Redis(url);
      const wire = await startFaultyRedis(url);
      // One for all scenarios of the lane: it stands in the text of the scripts, and a server keeps every text that it ran.
      const timeKey = `test-time:${newAttemptId()}`;
      return {
        open: (ledger) => openInRedis({ url, redis, wire, timeKey }, ledger),
        close: async () => {
          await wire.close();
          await redis.del(timeKey);
          await redis.quit();
        },
      };
    },
  };
}

/** The machine of a test may be busy; deadlines have tests of their own. */
const PATIENT = { reserveDeadlineMs: 60_000, settleDeadlineMs: 60_000 };
/** A refused period, a rebuilt counter and an undo that is sent twice: each takes an answer of its own. */
const ANSWERS_UNTIL_UNDONE = 5;

interface RedisLane {
  url: string;
  redis: Redis;
  wire: FaultyRedis;
  timeKey: string;
}

async function openInRedis({ url, redis, wire, timeKey }: RedisLane, ledger: ModelLedger): Promise<World> {
  const organization = `org-${newAttemptId()}`;
  let callerMs = START_MS;
  const seed = async () => {
    const { configuration } = ledger;
    return { ...seedOf(ledger), ...(configuration === undefined ? {} : { configuration }) };
  };
  const clock = { nowMs: () => callerMs, monotonicMs: () => performance.now() };
  const open = (parts: { url: string; reserveDeadlineMs?: number }) =>
    openRedisGateAt({ organization, clock, seed, ...BOUNDS, ...PATIENT, ...parts }, timeKey);
  const gates = new Map<number | 'impatient', BudgetGate>();
  const opened = async (process: number | 'impatient'): Promise<BudgetGate> => {
    const parts = process === 'impatient' ? { url: wire.url, reserveDeadlineMs: 1 } : { url };
    const gate = gates.get(process) ?? (await open(parts));
    gates.set(process, gate);
    return gate;
  };
  const setClocks = async (serverMs: number, nextCallerMs: number) => {
    callerMs = nextCallerMs;
    await redis.set(timeKey, serverMs);
  };
  const end = async (process: number | 'impatient') => {
    await gates.get(process)?.close();
    gates.delete(process);
  };
  const lose = async (pattern: string) => {
    const keys = await redis.keys(pattern);
    if (keys.length > 0) await redis.del(keys);
    return keys.length > 0;
  };
  await setClocks(START_MS, START_MS);
  return {
    organization,
    gate: opened,
    setClocks,
    restart: end,
    rebuild: () => Promise.reject(new Error('This is no step here.')),
    // Those who could put their holds back are gone as well: what they do is not told in steps, and has tests of its own.
    loseEverything: async () => {
      await Promise.all([...gates.keys()].map(end));
      await lose(`tg4:{${organization}}:*`);
    },
    loseCounter: (counter) => lose(`tg4:{${organization}}:budget:${counter}`),
    loseScripts: async () => void (await redis.script('FLUSH')),
    abandon: async (request) => giveUp(await opened('impatient'), wire, request),
    close: async () => {
      await Promise.all([...gates.values()].map((gate) => gate.close()));
      await lose(`*{${organization}}*`);
    },
  };
}

/** Holds the answer back until the caller has stopped waiting, and lets the gate undo what the question did. */
async function giveUp(gate: BudgetGate, wire: FaultyRedis, request: ReserveRequest): Promise<void> {
  // Read beforehand: what is held back is the answer to the reserve, not to a question before it.
  await gate.configuration();
  wire.holdReplies();
  const answer = await gate.reserve(request).catch((error: { code?: string }) => error.code);
  wire.deliverReplies();
  if (answer !== 'TALLYGATE_GATE_UNAVAILABLE') throw new Error(`Somebody waited for ${String(answer)}.`);
  for (let answers = 0; answers < ANSWERS_UNTIL_UNDONE; answers += 1) await gate.configuration();
}

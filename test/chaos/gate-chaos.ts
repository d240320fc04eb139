import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRedisGate } from '@tallygate/gate';
import { openUsageStore, type UsageStore } from '@tallygate/ledger';
import { systemClock, usdFromNano } from '@tallygate/usage';
import { chaosSnapshot, ORGANIZATION } from './gate-budgets.ts';
import { startGateClients } from './gate-clients.ts';
import { BUCKET_MS } from './gate-facts.ts';
import { machineMs, openJournal, readJournals } from './gate-journal.ts';
import { judge } from './gate-judge.ts';
import { EXTRA_SECONDS, rageAtGate } from './gate-rage.ts';
import { recoverAll } from './gate-recovery.ts';
import { type RedisPair, startRedisPair } from './gate-redis.ts';
import type { FaultCounts } from './ledger-rage.ts';
import { bundled, type Program, start } from './programs.ts';
import { createRandom } from './random.ts';

export interface GateChaosOptions {
  seconds: number;
  seed: number;
  progress(text: string): void;
}

export interface GateChaosResult {
  /** Answers of the gate: held, denied, ended. */
  operations: number;
  /** Budget periods that were exceeded, or admitted to, by more than all that the faults excuse. */
  overLimit: number;
  /** By which any budget period was exceeded, in USD. */
  maxOverspendUsd: string;
  /** The most that the faults excuse on one budget period. */
  boundUsd: string;
  leakedHolds: number;
  falseDenials: number;
  /** Ends that were repeated and were no repetition. */
  endedTwice: number;
  /** Settlements that the ledger misses and no fault explains. */
  sequenceGaps: number;
  /** Σ |counter − ledger| after recovery, and what a few calls were miscounted by that followed. */
  driftNanoUsd: string;
}

interface Scene {
  programs: string;
  root: string;
  journals: string;
  redis: RedisPair;
  ledger: Program;
  ledgerUrl: string;
  store: UsageStore;
}

/** Applications that spend against budgets in a real Redis and record in a real ledger, and faults drawn from the seed. */
export async function gateChaos(options: GateChaosOptions) {
  const work = mkdtempSync(join(tmpdir(), 'tallygate-chaos-'));
  const programs = await bundled(
    new URL('./gate-client-main.ts', import.meta.url),
    new URL('../setup/clickhouse-http-main.ts', import.meta.url),
  );
  try {
    const scene = await sceneIn(work, programs);
    try {
      return await sufferingOf(scene, options);
    } finally {
      await scene.store.close();
      await Promise.all([scene.redis.end(), scene.ledger.kill()]);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
    rmSync(programs, { recursive: true, force: true });
  }
}

async function sceneIn(work: string, programs: string): Promise<Scene> {
  const [root, journals, directory] = [join(work, 'spool'), join(work, 'journals'), join(work, 'ledger')];
  for (const folder of [root, journals]) mkdirSync(folder);
  const ledger = start(programs, 'clickhouse-http-main', directory);
  await ledger.ready();
  const ledgerUrl = `http://127.0.0.1:${ledger.said}`;
  const store = await openUsageStore({ kind: 'server', url: ledgerUrl }, { clock: systemClock });
  return { programs, root, journals, ledger, ledgerUrl, store, redis: await startRedisPair(work) };
}

async function sufferingOf(scene: Scene, { seconds, seed, progress }: GateChaosOptions) {
  const { programs, root, journals, redis, ledgerUrl, store } = scene;
  const random = createRandom(seed);
  const longestSeconds = seconds + EXTRA_SECONDS;
  await publish(redis, longestSeconds);
  const shared = {
    redisUrl: redis.wire.url,
    ledgerUrl,
    root,
    seconds: longestSeconds,
    startedMs: machineMs(),
  };
  const clients = startGateClients(programs, journals, random, shared);
  let raged: Awaited<ReturnType<typeof rageAtGate>>;
  try {
    await clients.ready();
    raged = await rageAtGate({ clients, redis }, { seconds, random, progress });
  } finally {
    await clients.end();
  }
  progress('recovering');
  const note = openJournal(join(journals, 'recovery'));
  const recovered = await recoverAll({
    ...{ root, store, redisUrl: redis.wire.url, seconds: longestSeconds, note },
  });
  process.stderr.write(`clocks are off by ${clients.clocks}\n`);
  const judged = judge(readJournals(journals), raged.suffered, chaosSnapshot(longestSeconds));
  const result: GateChaosResult = {
    operations: judged.operations,
    overLimit: judged.overLimit,
    maxOverspendUsd: usdFromNano(judged.maxOverspendNanoUsd),
    boundUsd: usdFromNano(judged.boundNanoUsd),
    leakedHolds: recovered.leakedHolds,
    falseDenials: judged.falseDenials,
    endedTwice: judged.endedTwice,
    sequenceGaps: Math.max(0, recovered.missingNumbers - judged.endsInDoubt),
    driftNanoUsd: String(recovered.driftNanoUsd),
  };
  const faults: FaultCounts = raged.faults;
  const wrong = [
    ...[result.overLimit, result.leakedHolds, result.falseDenials],
    ...[result.endedTwice, result.sequenceGaps],
  ];
  return { result, faults, isSound: wrong.every((count) => count === 0) && result.driftNanoUsd === '0' };
}

async function publish(redis: RedisPair, seconds: number): Promise<void> {
  const gate = await openRedisGate({
    ...{ url: redis.wire.url, organization: ORGANIZATION, clock: systemClock, bucketMs: BUCKET_MS },
    seed: async () => ({ lastSeq: 0, totals: [] }),
  });
  await gate.publish(chaosSnapshot(seconds));
  await gate.close();
}

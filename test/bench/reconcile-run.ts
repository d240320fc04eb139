import { join } from 'node:path';
import { createAdminApi } from '@tallygate/admin-api';
import { openUsageStore, type UsageStore } from '@tallygate/ledger';
import { builtinPriceBook } from '@tallygate/pricing';
import type { SpendQuery } from '@tallygate/usage';
import { keepPulls, runReconciliation } from 'tallygate';
import { engineThreads } from './engine-threads.ts';
import { DAY_MS, DAYS, FROM_MS, NOW_MS, ORGANIZATION, partings, TO_MS } from './reconcile-month.ts';
import type { ShowProgress } from './run.ts';
import { createWaits } from './waits.ts';

/** Where the time of one reconciliation went. */
export interface ReconcileRun {
  /** Of the processors, for all of the run but what it waited for: checks of the reports, comparison, causes. */
  seconds: number;
  /** The same on the wall. */
  wallSeconds: number;
  /** Of the engine's threads, all the time. */
  engineCpuSeconds: number;
  /** Waiting for the engine, the reading of its answers and the storing of reports included. */
  ledgerCpuSeconds: number;
  ledgerWallSeconds: number;
  /** Waiting for the provider: HTTP on loopback, JSON and the check of every row. */
  providerCpuSeconds: number;
  providerWallSeconds: number;
  /** Whether it found what the sides part in, exactly, and nothing else. */
  isRight: boolean;
  /** What the ledger was asked, so that another process may ask the same. */
  queries: SpendQuery[];
}

const clock = { nowMs: () => NOW_MS, monotonicMs: () => performance.now() };

/** What `tallygate reconcile` does, reports stored as they are read. */
export async function reconcileMonth(
  directory: string,
  providerUrl: string,
  showProgress: ShowProgress,
): Promise<ReconcileRun> {
  const store = await openStore(directory);
  const queries: SpendQuery[] = [];
  const spend: UsageStore['spend'] = (query) => {
    queries.push(query);
    showProgress(Math.ceil((query.toMs - FROM_MS) / DAY_MS), DAYS, 'days read');
    return store.spend(query);
  };
  const engineMs = engineThreads();
  const waits = createWaits<'ledger' | 'provider'>(engineMs);
  const versions = waits.around('ledger', store.reportVersions);
  const hooks = keepPulls({ organization: ORGANIZATION, versions, pseudonymKey: null, clock });
  const key = { apiKey: 'sk-ant-admin01-bench', baseUrl: providerUrl };
  try {
    const [before, engineBeforeMs] = [waits.spent(null), engineMs()];
    const found = await runReconciliation({
      history: waits.around('ledger', { ...store, spend, reportVersions: versions }),
      adminApi: waits.around('provider', createAdminApi({ ...key, ...hooks })),
      ...{ organization: ORGANIZATION, fromMs: FROM_MS, toMs: TO_MS, priceBook: builtinPriceBook, clock },
    });
    const [own, ledger, provider] = [waits.spent(null), waits.spent('ledger'), waits.spent('provider')];
    return {
      seconds: inSeconds(own.cpuMs - before.cpuMs),
      wallSeconds: inSeconds(own.wallMs - before.wallMs),
      ledgerCpuSeconds: inSeconds(ledger.cpuMs),
      ledgerWallSeconds: inSeconds(ledger.wallMs),
      engineCpuSeconds: inSeconds(engineMs() - engineBeforeMs),
      providerCpuSeconds: inSeconds(provider.cpuMs),
      providerWallSeconds: inSeconds(provider.wallMs),
      isRight: isRight(found),
      queries,
    };
  } finally {
    await store.close();
  }
}

/** The engine alone: the same questions, whose answers nobody keeps. */
export async function askTheSame(directory: string, queries: readonly SpendQuery[]): Promise<void> {
  const store = await openStore(directory);
  try {
    for (const query of queries) await store.spend(query);
  } finally {
    await store.close();
  }
}

function openStore(directory: string): Promise<UsageStore> {
  const address = { kind: 'embedded', directory: join(directory, 'ledger') } as const;
  // All of it was written a moment ago: by the clock of the engine no hour has settled yet.
  return openUsageStore(address, { clock, settlingMs: 0 });
}

function isRight({ residualPicoUsd, causes }: Awaited<ReturnType<typeof runReconciliation>>): boolean {
  const injected = Object.entries(partings()).map(([cause, nanoUsd]) => `${cause} ${nanoUsd}000`);
  const found = causes.map(({ cause, amountPicoUsd }) => `${cause} ${amountPicoUsd}`);
  return residualPicoUsd === 0n && found.join() === injected.join();
}

function inSeconds(ms: number): number {
  return Math.round(ms / 10) / 100;
}

import { createMemoryGate } from '@tallygate/gate';
import {
  type Alert,
  type BudgetGate,
  type ConfigurationSnapshot,
  type Hold,
  newAttemptId,
  type ReserveRequest,
  type Settlement,
} from '@tallygate/usage';
import { BUCKET_MS, RECORD_GRACE_MS, START_MS } from '../../contract/gate-fixtures.ts';
import type { Step } from './steps.ts';

/** A gate with all that can happen to it from outside: its clocks, its processes, what it loses. */
export interface World {
  organization: string;
  /** The gate as that process has it open. */
  gate(process: number): Promise<BudgetGate>;
  setClocks(serverMs: number, callerMs: number): Promise<void>;
  /** The process ends and begins again; what it knew is gone. */
  restart(process: number): Promise<void>;
  /** @param holds of attempts that nobody has ended, as they were made. */
  rebuild(holds: readonly Hold[]): Promise<void>;
  loseEverything(): Promise<void>;
  /** @returns false when there is no such counter. */
  loseCounter(counter: string): Promise<boolean>;
  loseScripts(): Promise<void>;
  /** Resolves once what the question did is undone. */
  abandon(request: ReserveRequest): Promise<void>;
  close(): Promise<void>;
}

/** What the ledger would answer: every settlement that was told to somebody, and the configuration that was published. */
export interface ModelLedger {
  settlements: Settlement[];
  /** What was recorded of alerts; of each the first. */
  alerts: Map<string, Alert>;
  configuration: ConfigurationSnapshot | undefined;
}

/** How worlds of one kind are made; `lane` is what scenarios that run one after the other share. */
export interface WorldKind {
  maxSkewMs: number | null;
  /** Steps that cannot happen here are left out. */
  cannot: ReadonlySet<Step['do']>;
  openLane(): Promise<Lane>;
}

export interface Lane {
  open(ledger: ModelLedger): Promise<World>;
  close(): Promise<void>;
}

export const BOUNDS = { bucketMs: BUCKET_MS, recordGraceMs: RECORD_GRACE_MS };

/** One process keeps the counters, and has one clock. Losing everything is losing that process. */
export const IN_PROCESS: WorldKind = {
  maxSkewMs: null,
  cannot: new Set(['abandon', 'skew', 'restart', 'lose a counter', 'lose the scripts']),
  openLane: async () => ({ open: openInProcess, close: async () => {} }),
};

async function openInProcess(ledger: ModelLedger): Promise<World> {
  const organization = `org-${newAttemptId()}`;
  let nowMs = START_MS;
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  const begin = (holds: readonly Hold[] = []) => {
    const { configuration } = ledger;
    const known = configuration === undefined ? {} : { configuration };
    return createMemoryGate({ organization, clock, ...BOUNDS, ...known, holds, seed: seedOf(ledger) });
  };
  let gate = begin();
  const notHere = () => Promise.reject(new Error('This cannot happen in one process.'));
  return {
    organization,
    gate: async () => gate,
    setClocks: async (serverMs) => {
      nowMs = serverMs;
    },
    restart: notHere,
    rebuild: async (holds) => {
      await gate.close();
      gate = begin(holds);
    },
    loseEverything: async () => {
      await gate.close();
      gate = begin();
    },
    loseCounter: notHere,
    loseScripts: notHere,
    abandon: notHere,
    close: () => gate.close(),
  };
}

/** What a gate is rebuilt from. */
export function seedOf({ settlements, alerts }: ModelLedger) {
  return {
    announced: [...alerts.values()],
    lastSeq: Math.max(0, ...settlements.map(({ seq }) => seq)),
    totals: settlements.flatMap(({ entries }) => entries),
  };
}

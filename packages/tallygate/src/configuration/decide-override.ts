import {
  type BudgetGate,
  type Clock,
  type ConfigurationSnapshot,
  newOverrideId,
  type Override,
  runningOverrides,
  type SpendHistory,
  TallygateError,
} from '@tallygate/usage';
import { applyPlan } from './apply.ts';
import type { PlannedChange } from './plan.ts';

/** What a decision is made on: the live configuration, and the instant that the gate goes by. */
export interface Situation {
  live: ConfigurationSnapshot;
  running: Override[];
  nowMs: number;
}

export interface DecideOptions {
  gate: Pick<BudgetGate, 'configuration' | 'nowMs' | 'publish'>;
  history: Pick<SpendHistory, 'lastConfigVersion' | 'saveConfigVersion'> | null;
  clock: Clock;
  actor: string;
  reason: string;
  /** Overrides to add, or to put in the place of those with their ids. May refuse. */
  decide(situation: Situation): Override[];
  /** Called as soon as it is in force, before the ledger is asked to record it. */
  onPublished(version: number): void;
}

export interface Decided {
  version: number;
  decided: Override[];
  /** False: in force, and recorded by the next apply, override or control plane that reaches the ledger. */
  recorded: boolean;
}

/** What is over stays in the snapshot for so long: what the ledger could not record then stands in its next record. */
const KEPT_AFTER_END_MS = 7 * 86_400_000;
/** Somebody else may publish at the same time; more often than this it is no accident. */
const MAX_TRIES = 5;

/**
 * Puts overrides in force through the gate alone: neither the ledger nor the control plane has to be up. Times are the gate's, so
 * that a wrong clock here makes no difference.
 *
 * @throws TallygateError `TALLYGATE_CONFIGURATION_OUTDATED` when others publish again and again, `TALLYGATE_GATE_UNAVAILABLE`
 * when there is no gate to tell.
 */
export async function decideOverrides(options: DecideOptions): Promise<Decided> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await decideOnce(options);
    } catch (error) {
      const isRace = TallygateError.isInstance(error) && error.code === 'TALLYGATE_CONFIGURATION_OUTDATED';
      if (!isRace || tries === MAX_TRIES) throw error;
    }
  }
}

async function decideOnce(options: DecideOptions): Promise<Decided> {
  const { gate, onPublished } = options;
  const live = await gate.configuration();
  const nowMs = await gate.nowMs();
  const decided = options.decide({ live, running: runningOverrides(live, nowMs), nowMs });
  const after = { ...live, version: live.version + 1, overrides: replaced(live, decided, nowMs) };
  const changes = decided.map((override) => changeOf(live, override));
  const publish = async (snapshot: ConfigurationSnapshot) => {
    await gate.publish(snapshot);
    onPublished(snapshot.version);
  };
  try {
    const plan = { before: live, after, changes };
    const { recorded } = await applyPlan({ ...options, gate: { publish }, plan });
    return { version: after.version, decided, recorded };
  } catch (error) {
    const isInForce = TallygateError.isInstance(error) && error.code === 'TALLYGATE_LEDGER_UNAVAILABLE';
    if (!isInForce) throw error;
    return { version: after.version, decided, recorded: false };
  }
}

/** The fields that every override has; its time is counted from the gate's instant. */
export function decisionFor(
  { nowMs }: Situation,
  { who, why, durationMs }: { who: string; why: string; durationMs: number },
): { id: string; fromMs: number; untilMs: number; who: string; why: string } {
  return { id: newOverrideId(), fromMs: nowMs, untilMs: nowMs + durationMs, who, why };
}

function replaced({ overrides = [] }: ConfigurationSnapshot, decided: Override[], nowMs: number): Override[] {
  const ids = new Set(decided.map(({ id }) => id));
  const kept = overrides.filter(({ id, untilMs }) => !ids.has(id) && nowMs < untilMs + KEPT_AFTER_END_MS);
  return [...kept, ...decided];
}

function changeOf({ overrides = [] }: ConfigurationSnapshot, after: Override): PlannedChange {
  const before = overrides.find(({ id }) => id === after.id) ?? null;
  const action = before === null ? 'add' : 'change';
  return { action, kind: 'override', id: after.id, before, after, details: [] };
}

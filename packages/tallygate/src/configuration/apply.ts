import {
  type BudgetGate,
  type Clock,
  type ConfigurationSnapshot,
  type ConfigVersionRecord,
  configurationSnapshotSchema,
  type Override,
  type SpendHistory,
  TallygateError,
} from '@tallygate/usage';
import type { Plan } from './plan.ts';

export interface ApplyOptions {
  gate: Pick<BudgetGate, 'publish'>;
  /** Where the change is recorded; null when this process has no ledger. */
  history: Pick<SpendHistory, 'lastConfigVersion' | 'saveConfigVersion'> | null;
  plan: Plan;
  /** Who did it, as the audit should name them. */
  actor: string;
  reason: string;
  clock: Clock;
  /** The command that makes good a record that could not be written, as a person types it. */
  again?: string;
}

export interface ApplyResult {
  /** The version in force afterwards. */
  version: number;
  published: boolean;
  /** False: in force, but no record stands in the ledger because there is none. */
  recorded: boolean;
}

/**
 * Publishes the plan, then records who changed what. A plan without changes publishes nothing; it still writes the record of
 * the live version where an earlier apply died between the two steps, so that applying again is the cure for everything.
 *
 * @throws TallygateError `TALLYGATE_CONFIGURATION_OUTDATED` when somebody published since the plan was made (nothing was
 * changed); `TALLYGATE_LEDGER_UNAVAILABLE` when it is in force but could not be recorded.
 */
export async function applyPlan(options: ApplyOptions): Promise<ApplyResult> {
  const { gate, history, plan } = options;
  if (plan.changes.length === 0)
    return { version: plan.before.version, published: false, recorded: await backfill(options) };
  await gate.publish(plan.after);
  if (history === null) return { version: plan.after.version, published: true, recorded: false };
  try {
    await history.saveConfigVersion(recordOf(options, encode(plan.before), plan.after));
  } catch (cause) {
    throw new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', {
      message: `Version ${plan.after.version} is in force, but the ledger did not take its record.`,
      cure: `Run ${options.again ?? '"tallygate apply"'} again once the ledger answers: it writes the missing record.`,
      cause,
    });
  }
  return { version: plan.after.version, published: true, recorded: true };
}

/** True when the live version has its record, written now if it was missing. */
async function backfill(options: ApplyOptions): Promise<boolean> {
  const { history, plan } = options;
  if (history === null) return false;
  if (plan.before.version === 0) return true;
  const last = await history.lastConfigVersion(plan.before.organization);
  if (last !== null && last.version >= plan.before.version) return true;
  const record = recordOf(options, last?.after ?? null, plan.before);
  await history.saveConfigVersion({ ...record, ...decisionBehind(plan.before, record.before) });
  return true;
}

/** Who put it in force, when and why, where an override tells: the newest that the record before does not hold as it is now. */
function decisionBehind(
  { overrides = [] }: ConfigurationSnapshot,
  before: unknown,
): Partial<Pick<ConfigVersionRecord, 'actor' | 'reason' | 'publishedAtMs'>> {
  const recorded = configurationSnapshotSchema.safeParse(before).data?.overrides ?? [];
  const stands = ({ id, untilMs }: Override) =>
    recorded.some((known) => known.id === id && known.untilMs === untilMs);
  const newest = overrides.filter((override) => !stands(override)).at(-1);
  if (newest === undefined) return {};
  if (newest.endedEarly === undefined)
    return { actor: newest.who, reason: newest.why, publishedAtMs: newest.fromMs };
  const { who, why } = newest.endedEarly;
  return { actor: who, reason: why, publishedAtMs: newest.untilMs };
}

function recordOf(options: ApplyOptions, before: unknown, after: ConfigurationSnapshot): ConfigVersionRecord {
  return {
    organization: after.organization,
    version: after.version,
    actor: options.actor,
    reason: options.reason,
    publishedAtMs: options.clock.nowMs(),
    before,
    after: encode(after),
  };
}

/** The form of the wire: money as text, so that any store of JSON can hold it exactly. */
function encode(snapshot: ConfigurationSnapshot): unknown {
  return configurationSnapshotSchema.encode(snapshot);
}

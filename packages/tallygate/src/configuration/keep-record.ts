import type { BudgetGate, Clock, Logger, SpendHistory } from '@tallygate/usage';
import { applyPlan } from './apply.ts';

export interface KeepRecordOptions {
  gate: Pick<BudgetGate, 'configuration' | 'publish'>;
  history: Pick<SpendHistory, 'lastConfigVersion' | 'saveConfigVersion'>;
  clock: Clock;
  logger: Logger;
  /** Who writes records that nobody else wrote. */
  actor: string;
  everyMs?: number;
}

const EVERY_MS = 60_000;

/**
 * Looks now and then whether the live configuration has its record, and writes the one that is missing: what somebody put in force
 * while the ledger was away is audited as soon as it is back.
 */
export function keepRecord(options: KeepRecordOptions): { stop(): Promise<void> } {
  const { gate, clock, logger, actor, everyMs = EVERY_MS } = options;
  let recordedVersion = 0;
  let looking: Promise<void> = Promise.resolve();
  const look = async () => {
    const live = await gate.configuration();
    if (live.version <= recordedVersion) return;
    const plan = { before: live, after: live, changes: [] };
    await applyPlan({ ...options, plan, actor, reason: 'recorded later', clock });
    recordedVersion = live.version;
  };
  const lookQuietly = () => {
    looking = looking.then(look).catch((error: unknown) => {
      logger.warn('The live configuration may have no record yet.', { reason: String(error) });
    });
  };
  lookQuietly();
  const timer = setInterval(lookQuietly, everyMs);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}

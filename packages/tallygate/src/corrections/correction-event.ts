import { TallygateError, type UsageEvent, type UsageLine, type UsageSink } from '@tallygate/usage';

/** Who corrects, and why: kept with each row. */
export interface Reasons {
  actor: string;
  reason: string | null;
}

/** The rows of an attempt that say what it cost; what else is known of it stands in its own. */
export function correctionEvent(
  event: UsageEvent,
  lines: readonly UsageLine[],
  configVersion: number,
  { reason, actor }: Reasons,
): UsageEvent {
  const why = [`by:${actor}`, ...(reason === null ? [] : [`reason:${reason}`])];
  return {
    ...event,
    ...{
      requestId: null,
      messageId: null,
      traceId: null,
      unknownUsage: null,
      ladderSteps: undefined,
      estimate: undefined,
    },
    ...{ latencyMs: null, timeToFirstTokenMs: null, stablePrefixHash: null, stablePrefixBytes: null },
    configVersion,
    lines: lines.map((line) => ({ ...line, flags: [...line.flags, ...why] })),
  };
}

/** @throws TallygateError `TALLYGATE_LEDGER_UNAVAILABLE` where rows are left in the spool: a run must not go on above them. */
export async function requireStored(sink: Pick<UsageSink, 'flush'>): Promise<void> {
  const { pending } = await sink.flush();
  if (pending === 0) return;
  throw new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', {
    message: `The ledger takes no more rows; ${pending} wait in the spool.`,
    cure: 'Run the same command again once it answers: what is corrected already stays as it is.',
  });
}

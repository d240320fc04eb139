import type { BilledFee, BilledUse } from '@tallygate/simulator';
import { type Call, KEYS, type Month } from './reconcile-month.ts';
import { billedUse, type Metered } from './reconcile-sides.ts';

/** Something that happened, as each side came to know of it; null: that side never did. */
export interface Occurrence {
  /** Null: nothing is wrong with it. */
  cause: string | null;
  ours: Metered | null;
  theirs: BilledUse | null;
}

/**
 * What is done to the month so that our rows and the bill part, for each cause that a reconciliation knows. Where the true amount
 * cannot be told from our side, the call is alone in its minute of its key and model.
 */
const INJECTIONS: Readonly<Record<string, (month: Month) => Omit<Occurrence, 'cause'>>> = {
  /** The stream broke: we charged a guess of what the provider counted. */
  aborted_estimate(month) {
    const call = { ...month.lonelyCall(), serviceTier: 'standard' as const };
    return { ours: { ...call, output: guessOf(call, month), status: 'aborted' }, theirs: billedUse(call) };
  },
  /** Capacity that is paid by contract: counted, and not on the bill. */
  priority_tier(month) {
    const call = { ...month.anyCall(), serviceTier: 'priority' as const, webSearches: 0 };
    return { ours: call, theirs: billedUse(call) };
  },
  /** A key of which no list tells. */
  unmetered_key: (month) => ({ ours: null, theirs: { ...billedUse(month.anyCall()), apiKeyId: HIDDEN_KEY } }),
};

const HIDDEN_KEY = 'apikey_01HiddenFromLists';

/** Places for each, where there is no reason for another number. */
const PLACES = 12;

export function injectedOccurrences(month: Month): Occurrence[] {
  return Object.entries(INJECTIONS).flatMap(([cause, inject]) =>
    Array.from({ length: PLACES }, () => ({ cause, ...inject(month) })),
  );
}

/** Products that no answer shows. Each line a whole number of the provider's own smallest unit. */
export function injectedFees(month: Month): BilledFee[] {
  const [key] = KEYS;
  const where = {
    apiKeyId: key?.id ?? null,
    workspaceId: key?.workspaceId ?? null,
  };
  const hours = (
    cause: string,
    costType: string,
    description: string,
    picoUsdPerHour: bigint,
  ): BilledFee => ({
    ...{ atMs: month.random.between(month.fromMs, month.toMs), ...where, cause, costType, description },
    listPicoUsd: (BigInt(month.random.between(5, 600)) * picoUsdPerHour) / 60n,
  });
  return [
    hours('code_execution', 'code_execution', 'Code Execution Usage', 50_000_000_000n),
    hours('session_runtime', 'session_usage', 'Session Runtime', 80_000_000_000n),
  ];
}

/** What an application takes a broken answer to have written. */
function guessOf(call: Call, { random }: Month): number {
  return call.output + random.between(1, 500);
}

import type { Attribution, LadderChange } from '@tallygate/usage';

/** What a budget's ladder changed of one attempt before it was sent. */
export interface LadderNotice {
  attemptId: string;
  attribution: Attribution;
  /** In the order in which they were made. */
  changes: readonly LadderChange[];
}

/** For one call, or for all calls of a meter. Ladders are walked where budgets are enforced; observing changes nothing. */
export interface LadderOptions {
  /** false: sent as it is, or denied, whatever the ladders of its budgets would allow. Either place can say so. */
  ladder?: boolean | undefined;
  /** Called before a changed call is sent, in both places. What it throws is logged and goes no further. */
  onLadder?: ((notice: LadderNotice) => void) | undefined;
}

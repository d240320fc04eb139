import type { UsageEvent, UsageLine } from '@tallygate/usage';

/** A row to write, and the event that it is of: a guess that is corrected, or one of the provider's own count. */
export interface TruedUpRow {
  event: UsageEvent;
  line: UsageLine;
}

import type { Clock, Logger } from '@tallygate/usage';
import type { TallygateRuntime } from 'tallygate';

/** What is served of an opened runtime. Its own spool is none of it: other processes have theirs. */
export type ServedRuntime = Pick<
  TallygateRuntime,
  'organization' | 'gate' | 'remoteBackend' | 'spoolStatus' | 'token'
>;

/** What every route answers from. */
export interface RouteParts {
  runtime: ServedRuntime;
  clock: Clock;
  logger: Logger;
  /** How long a page or a probe waits for gate and ledger, in ms. */
  patienceMs: number;
}

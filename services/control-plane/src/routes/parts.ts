import type { Clock, Logger } from '@tallygate/usage';
import type { TallygateRuntime } from 'tallygate';

/** What every route answers from. */
export interface RouteParts {
  runtime: TallygateRuntime;
  clock: Clock;
  logger: Logger;
  /** How long a page or a probe waits for gate and ledger, in ms. */
  patienceMs: number;
}

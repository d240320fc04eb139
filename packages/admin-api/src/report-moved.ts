import { TallygateError } from '@tallygate/usage';
import { providerStatus } from './provider-client.ts';

/** The data was refreshed under the cursor. */
const MOVED = Symbol('moved');

export function reportMoved(report: string): TallygateError {
  return new TallygateError('TALLYGATE_PROVIDER_UNAVAILABLE', {
    message: `The provider refreshed ${report} while it was read, again and again.`,
    cause: MOVED,
  });
}

const MAX_RESTARTS = 3;

/** Reads from the first page again where the data moved (410, another refresh): pages of two states do not add up. */
export async function untilItStands<Result>(read: () => Promise<Result>): Promise<Result> {
  for (let restarts = 0; ; restarts += 1) {
    try {
      return await read();
    } catch (error) {
      if (!hasMoved(error) || restarts === MAX_RESTARTS) throw error;
    }
  }
}

function hasMoved(error: unknown): boolean {
  return providerStatus(error) === 410 || (TallygateError.isInstance(error) && error.cause === MOVED);
}

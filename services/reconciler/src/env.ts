import { TallygateError } from '@tallygate/usage';

/** What this service needs beyond the settings of `tallygate` itself, which `openTallygate` and `openProviders` read from the same environment. */
export interface ReconcilerSettings {
  intervalMs: number;
  /** Port of `GET /health` on the loopback; 0 for any free one. */
  port: number;
}

type Environment = Record<string, string | undefined>;

/** @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` for a number that is none. Values are not quoted. */
export function settingsFromEnvironment(environment: Environment): ReconcilerSettings {
  return {
    intervalMs: wholeNumber(environment, 'RECONCILER_INTERVAL_MINUTES', 60, 1, 1440) * 60_000,
    port: wholeNumber(environment, 'RECONCILER_PORT', 8788, 0, 65_535),
  };
}

function wholeNumber(
  environment: Environment,
  name: string,
  standard: number,
  least: number,
  most: number,
): number {
  const text = environment[name];
  if (text === undefined || text === '') return standard;
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `${name} is not a whole number from ${least} to ${most}.`,
  });
}

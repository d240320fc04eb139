import { TallygateError } from '@tallygate/usage';

/** What this service needs beyond the settings of `tallygate` itself, which `openTallygate` reads from the same environment. */
export interface ReconcilerSettings {
  adminKey: string;
  /** Base URL of the provider; null: its own. */
  providerUrl: string | null;
  /** As everywhere; null: people in reports are numbered. */
  pseudonymKey: string | null;
  intervalMs: number;
  /** Port of `GET /health` on the loopback; 0 for any free one. */
  port: number;
}

type Environment = Record<string, string | undefined>;

/** @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` for a missing key or a number that is none. Values are not quoted. */
export function settingsFromEnvironment(environment: Environment): ReconcilerSettings {
  return {
    adminKey: requireAdminKey(environment),
    providerUrl: environment['TALLYGATE_PROVIDER_URL'] || null,
    pseudonymKey: environment['TALLYGATE_PSEUDONYM_KEY'] || null,
    intervalMs: wholeNumber(environment, 'RECONCILER_INTERVAL_MINUTES', 60, 1, 1440) * 60_000,
    port: wholeNumber(environment, 'RECONCILER_PORT', 8788, 0, 65_535),
  };
}

function requireAdminKey(environment: Environment): string {
  const adminKey = environment['ANTHROPIC_ADMIN_KEY'] || environment['ANTHROPIC_ADMIN_API_KEY'];
  if (adminKey) return adminKey;
  throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: "The provider's reports need an admin key, and none is set.",
    cure: 'Set ANTHROPIC_ADMIN_KEY to an admin key of the organization (sk-ant-admin01-…).',
  });
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

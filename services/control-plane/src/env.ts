import { TallygateError } from '@tallygate/usage';

/** The settings of this process alone; `openTallygate` reads all others from the same environment, and refuses unknown ones. */
export interface ControlPlaneSettings {
  /** On 127.0.0.1; 0 for any free one. */
  port: number;
  /** What a write must carry; null: the token of the data directory. */
  token: string | null;
}

const DEFAULT_PORT = 4680;

/** @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` for a port that is none. Tokens are not quoted. */
export function settingsFromEnvironment(
  environment: Record<string, string | undefined>,
): ControlPlaneSettings {
  return {
    port: portFrom(environment['TALLYGATE_CONSOLE_PORT']),
    token: environment['TALLYGATE_TOKEN'] || null,
  };
}

function portFrom(text: string | undefined): number {
  if (text === undefined || text === '') return DEFAULT_PORT;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `TALLYGATE_CONSOLE_PORT is "${text}", which is no port.`,
    cure: `Set it to a port such as ${DEFAULT_PORT}, or 0 for any free one.`,
  });
}

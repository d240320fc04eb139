/** The settings that only this process has; all others are read by `openTallygate` itself. */
export interface ControlPlaneSettings {
  port: number;
  host: string;
  token: string | null;
}

const DEFAULT_PORT = 8787;

export function settingsFromEnvironment(environment: NodeJS.ProcessEnv): ControlPlaneSettings {
  const port = environment['TALLYGATE_CONSOLE_PORT'];
  return {
    // A value that is no port is refused by `openTallygate`, which reads the same variable by its own schema.
    port: port === undefined || port === '' ? DEFAULT_PORT : Number(port),
    host: '127.0.0.1',
    token: environment['TALLYGATE_TOKEN'] || null,
  };
}

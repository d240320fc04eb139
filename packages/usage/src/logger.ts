/** What libraries of ours write diagnostics to. Silent unless the application passes one. Never prompt text, keys or secrets. */
export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

const nothing = (): void => {};

export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/**
 * The application's logger, for work that no caller waits for: what it throws, as one does whose transport is closed, would end
 * the process there.
 */
export function neverThrowing(logger: Logger): Logger {
  const guarded =
    (level: keyof Logger): Logger['warn'] =>
    (message, fields) => {
      try {
        logger[level](message, fields);
      } catch {
        // There is nowhere to tell it.
      }
    };
  return { debug: guarded('debug'), info: guarded('info'), warn: guarded('warn'), error: guarded('error') };
}

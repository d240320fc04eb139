import { type Clock, isoFromMs, type Logger, toWireJson } from '@tallygate/usage';

/** One JSON object per line, for whatever collects the logs of a service. */
export function jsonLog(write: (line: string) => void, clock: Clock): Logger {
  const at =
    (level: string) =>
    (message: string, fields: Record<string, unknown> = {}) =>
      write(`${toWireJson({ at: isoFromMs(clock.nowMs()), level, message, ...fields })}\n`);
  return { debug: () => undefined, info: at('info'), warn: at('warn'), error: at('error') };
}

import { type Clock, isoFromMs, type Logger, toWireJson } from '@tallygate/usage';

/** One JSON object per line: `{"at","level","message",…fields}`. No field can pass for one of the first three. */
export function jsonLinesLogger(clock: Clock, write: (line: string) => void): Logger {
  const at =
    (level: keyof Logger) =>
    (message: string, fields: Record<string, unknown> = {}) =>
      write(`${toWireJson({ ...fields, at: isoFromMs(clock.nowMs()), level, message })}\n`);
  return { debug: () => undefined, info: at('info'), warn: at('warn'), error: at('error') };
}

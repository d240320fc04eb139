import { type Clock, isoFromMs, type Logger } from '@tallygate/usage';

/** One JSON object per line: `{"at","level","message",…fields}`. A field never replaces the first three. */
export function jsonLinesLogger(clock: Clock, write: (line: string) => unknown): Logger {
  const at =
    (level: keyof Logger) =>
    (message: string, fields: Record<string, unknown> = {}) => {
      const record = { ...fields, at: isoFromMs(clock.nowMs()), level, message };
      write(
        `${JSON.stringify(record, (_key, value) => (typeof value === 'bigint' ? String(value) : value))}\n`,
      );
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

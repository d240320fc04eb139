import { parseArgs } from 'node:util';

/** `npm start -- [--once] [--json] [--live] [--data <directory>] [--port <port>]` */
export interface DemoOptions {
  /** Exit when done instead of leaving the console running. */
  once: boolean;
  json: boolean;
  /** Send a handful of tiny calls to the real API instead. */
  live: boolean;
  /** Null: `.tallygate` here, or a directory of its own that is removed afterwards with --once. */
  dataDirectory: string | null;
  /** Of the console; 0 lets the system choose. */
  port: number;
}

/** @throws TypeError for a flag that does not exist, RangeError for a port that cannot be one. */
export function readOptions(args: string[], environment: Record<string, string | undefined>): DemoOptions {
  const { values } = parseArgs({
    args,
    options: {
      once: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      live: { type: 'boolean', default: false },
      data: { type: 'string' },
      port: { type: 'string', default: '0' },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError(`--port is "${values.port}"; it must be between 0 and 65535.`);
  }
  const { once, json, live } = values;
  return { once, json, live, dataDirectory: values.data ?? environment['TALLYGATE_DATA'] ?? null, port };
}

import { createRequire } from 'node:module';

/** A second look at an embedded ledger, past the store: what is really in its tables. Same process, same directory. */
export interface Tables {
  rows(sql: string): Promise<Record<string, unknown>[]>;
  run(sql: string): Promise<void>;
  close(): Promise<void>;
}

interface Session {
  queryAsync(sql: string, options: { format: string }): Promise<{ text(): string }>;
  close(): void;
}

export function openTables(directory: string): Tables {
  const { Session } = createRequire(import.meta.url)('chdb') as { Session: new (path: string) => Session };
  const session = new Session(directory);
  return {
    async rows(sql) {
      const quoted = `${sql} SETTINGS output_format_json_quote_64bit_integers = 1`;
      const text = (await session.queryAsync(quoted, { format: 'JSONEachRow' })).text();
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line));
    },
    async run(sql) {
      await session.queryAsync(sql, { format: 'CSV' });
    },
    close: async () => session.close(),
  };
}

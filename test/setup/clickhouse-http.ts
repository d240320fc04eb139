import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface ClickHouseOverHttp {
  url: string;
  close(): Promise<void>;
}

/** A process of its own: the engine keeps one directory per process, and the test's own process may have another. */
export async function startClickHouseOverHttp(): Promise<ClickHouseOverHttp> {
  const directory = mkdtempSync(join(tmpdir(), 'tallygate-clickhouse-'));
  const program = fileURLToPath(new URL('./clickhouse-http-main.ts', import.meta.url));
  const child = fork(program, [directory], {
    execArgv: ['--import', createRequire(import.meta.url).resolve('tsx')],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (line: Buffer) => resolve(line.toString().trim()));
    void ended.then(() => reject(new Error('the engine ended before it listened')));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      child.disconnect();
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

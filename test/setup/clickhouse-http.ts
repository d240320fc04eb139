import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface ClickHouseOverHttp {
  url: string;
  /** As a crash: without a last word, at whatever it is doing. Its tables stay, for one that is started on the same directory. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

export interface ClickHousePlace {
  /** Stays when it closes; without one it has a directory of its own that goes away with it. */
  directory: string;
  /** 0: one that is free. */
  port: number;
}

/** A process of its own: the engine keeps one directory per process, and the test's own process may have another. */
export async function startClickHouseOverHttp(place?: ClickHousePlace): Promise<ClickHouseOverHttp> {
  const directory = place?.directory ?? mkdtempSync(join(tmpdir(), 'tallygate-clickhouse-'));
  const program = fileURLToPath(new URL('./clickhouse-http-main.ts', import.meta.url));
  const child = fork(program, [directory, String(place?.port ?? 0)], {
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
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async close() {
      if (child.connected) child.disconnect();
      await ended;
      if (place === undefined) rmSync(directory, { recursive: true, force: true });
    },
  };
}

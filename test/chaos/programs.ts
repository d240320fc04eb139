import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Programs that are started over and over, each as one file: it starts in a fraction of a second, and is killed in the middle of
 * its work more often than of its start. @returns the folder of the files.
 */
export async function bundled(...sources: URL[]): Promise<string> {
  // Within the repository, so that what is not bundled is found.
  const cache = join(repository, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const outdir = mkdtempSync(join(cache, 'tallygate-chaos-'));
  await build({
    entryPoints: sources.map((source) => fileURLToPath(source)),
    outdir,
    entryNames: '[name]',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@tallygate/source'],
    external: ['chdb', 'chdb/*', '@clickhouse/client', 'fast-check', 'ioredis', 'temporal-polyfill', 'zod'],
  });
  return outdir;
}

export interface Program {
  readonly pid: number;
  /** What it complained of. */
  complaint(): string;
  /** Resolves when it has ended, however. */
  readonly ended: Promise<void>;
  readonly isAlive: boolean;
  /** It lives, has begun with its work, and said so. */
  readonly isAtWork: boolean;
  /** What it said then: the port of a server. Empty before. */
  readonly said: string;
  /** Resolves with its first output; rejects when it ends before. */
  ready(): Promise<void>;
  /** -9, and gone when it resolves. */
  kill(): Promise<void>;
}

/** It ends by itself when this process does: it is disconnected. */
export function start(folder: string, name: string, ...parameters: string[]): Program {
  return startWith({}, folder, name, ...parameters);
}

/** The same with more in its environment. */
export function startWith(
  environment: Record<string, string>,
  folder: string,
  name: string,
  ...parameters: string[]
): Program {
  const child: ChildProcess = spawn(process.execPath, [join(folder, `${name}.mjs`), ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, ...environment },
  });
  let [complaint, said] = ['', ''];
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const ended = once(child, 'close').then(() => {});
  const firstOutput = new Promise<void>((resolve) =>
    child.stdout?.once('data', (chunk: Buffer) => {
      said = chunk.toString().trim();
      resolve();
    }),
  );
  const isAlive = () => child.exitCode === null && child.signalCode === null;
  return {
    pid: child.pid ?? 0,
    complaint: () => complaint,
    ended,
    get isAlive() {
      return isAlive();
    },
    get isAtWork() {
      return isAlive() && said !== '';
    },
    get said() {
      return said;
    },
    ready: () =>
      Promise.race([
        firstOutput,
        ended.then(() => Promise.reject(new Error(`${name} ended before it was ready: ${complaint}`))),
      ]),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

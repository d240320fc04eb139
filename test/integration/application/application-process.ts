import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_API_KEY, startSimulator } from '@tallygate/simulator';
import { onTestFinished } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./application-main.ts', import.meta.url));

export interface Application {
  child: ChildProcess;
  dataDirectory: string;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tg-app-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Makes `directory` a read-only file system for the program that follows, and for no other. */
export function onReadOnly(directory: string): string[] {
  const script = 'mount -t tmpfs -o ro tmpfs "$0" && exec "$@"';
  return ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', script, directory];
}

/** Resolves when the application first says something: its first call was answered, or what its ending waits for has happened. */
export async function started(
  ending: string,
  settings: Record<string, string> = {},
  dataDirectory = temporaryDirectory(),
  launcher: readonly string[] = [],
): Promise<Application> {
  const simulator = await startSimulator();
  onTestFinished(() => simulator.close());
  const [program = process.execPath, ...arguments_] = [
    ...launcher,
    process.execPath,
    '--conditions=@tallygate/source',
    '--import',
    import.meta.resolve('tsx'),
    PROGRAM,
    ending,
  ];
  const child = spawn(program, arguments_, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      SIMULATOR_URL: simulator.url,
      SIMULATED_KEY: DEFAULT_API_KEY,
      TALLYGATE_DATA: dataDirectory,
      ...settings,
    },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  if (child.stdout === null) throw new Error('no stdout');
  await Promise.race([once(child.stdout, 'data'), ended]);
  return { child, dataDirectory, ended };
}

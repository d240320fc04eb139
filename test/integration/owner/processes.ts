import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import type { Commands } from './member.ts';

type CommandTable = Record<string, (...input: never[]) => Promise<unknown>>;

export interface Commanded<Answered extends CommandTable> {
  pid: number;
  do<Name extends keyof Answered & string>(
    command: Name,
    ...input: Parameters<Answered[Name]>
  ): ReturnType<Answered[Name]>;
  signal(signal: NodeJS.Signals): void;
  /** `kill -9`, and the end of the process awaited. */
  kill(): Promise<void>;
}

export type Member = Commanded<Commands>;

/** What a command was refused with. */
class Refused extends Error {
  readonly code: string;

  constructor({ code, message }: { code: string; message: string }) {
    super(message);
    this.code = code;
  }
}

export const WITHOUT_ENGINE = import.meta.resolve('./without-engine.ts');
const MEMBER = fileURLToPath(new URL('./member.ts', import.meta.url));

const running = new Set<ChildProcess>();
const directories: string[] = [];

afterEach(async () => {
  for (const child of running) await ended(child);
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tg-owner-'));
  directories.push(directory);
  return directory;
}

export function startMember({ withEngine = true } = {}): Promise<Member> {
  return startCommanded(MEMBER, { imports: withEngine ? [] : [WITHOUT_ENGINE] });
}

/** A program that answers messages, run from its source. */
export async function startCommanded<Answered extends CommandTable = Commands>(
  program: string,
  { imports = [], environment = {} }: { imports?: string[]; environment?: Record<string, string> },
): Promise<Commanded<Answered>> {
  const urls = ['tsx', ...imports];
  const child = fork(program, {
    execArgv: ['--conditions=@tallygate/source', ...urls.flatMap((url) => ['--import', url])],
    env: { PATH: process.env['PATH'], ...environment },
    serialization: 'advanced',
  });
  running.add(child);
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  child.on('message', ({ id, output, error }: { id: number; output?: unknown; error?: Refused }) => {
    const caller = waiting.get(id);
    if (error) caller?.reject(new Refused(error));
    else caller?.resolve(output);
  });
  child.on('exit', () => {
    running.delete(child);
    for (const { reject } of waiting.values()) reject(new Error('the process has ended'));
  });
  let lastId = 0;
  const answerTo = (id: number) => new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  await answerTo(0);
  return {
    pid: child.pid ?? 0,
    do(command, ...[input]) {
      lastId += 1;
      const answer = answerTo(lastId);
      child.send({ id: lastId, command, input });
      return answer as ReturnType<Answered[typeof command]>;
    },
    signal: (signal: NodeJS.Signals) => void child.kill(signal),
    kill: () => ended(child),
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
